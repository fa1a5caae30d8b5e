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
}
