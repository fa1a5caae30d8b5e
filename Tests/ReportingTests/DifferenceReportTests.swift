import Comparison
import Tensors
import TestSupport
import Testing

@testable import Reporting

@Suite("Reports of differences")
struct DifferenceReportTests {
  @Test(
    "numbers have three digits",
    arguments: [
      (0, "0"), (0.25, "0.25"), (1, "1"), (12, "12"), (123, "123"), (999.6, "1e+03"), (123_456, "1.23e+05"),
      (0.000_119_2, "0.000119"), (1.192_092_895_507_812_5e-07, "1.19e-07"), (1e300, "1e+300"),
      (.leastNonzeroMagnitude, "5e-324"),
      (0.099_96, "0.1"), (9.996, "10"), (1.5e16, "1.5e+16"), (.nan, "NaN"), (.infinity, "Infinity"),
    ] as [(Double, String)])
  func numbers(value: Double, text: String) { #expect(DifferenceReport.short(value) == text) }

  @Test("the layers of a network that passes have a line: their number, and the largest difference")
  func layers() {
    func text(_ distances: [Double], tolerance: Double = 1) -> String {
      var report = VerificationReport(source: "a", converted: "b", tolerance: tolerance)
      report.networks = [
        .init(
          task: "t", level: 1, maxAbs: distances.max() ?? 0, maxRelative: 0, isWithin: true,
          layers: distances.enumerated().map {
            .init(
              name: "v\($0.offset)", operation: "Add", maxAbs: $0.element, maxRelative: 0,
              isWithin: $0.element <= tolerance)
          })
      ]
      return report.text(width: nil)
    }
    #expect(text([0, 0.5, 0.25]).contains("\n  3 layers: the largest max abs is 5.0e-1, in 'v1'\n"))
    #expect(text([0]).contains("\n  1 layer: no difference\n"))
    #expect(text([0, 2]).contains("'v1' (Add), max abs 2.0e0\n") && !text([0, 2]).contains("2 layers"))
  }

  @Test("a NaN has no distance in ULP from a number")
  func notANumber() throws {
    let spec = try TensorSpec(name: TensorName("x"), dtype: .f32, shape: [1])
    func text(_ a: Float, _ b: Float) throws -> String {
      let sides = [a, b].map { MemorySource([spec], bytes: [withUnsafeBytes(of: $0) { Array($0) }]) }
      let difference = try WeightsComparison(sides[0], sides[1]).run { _ in }
      return DifferenceReport(a: "a", b: "b", difference: difference).text(width: nil)
    }
    #expect(try text(1, .nan).contains("1   1        NaN      NaN  [0]"))
    #expect(try text(1, 2).contains("1   1          1  8,388,608  [0]"))
  }
}
