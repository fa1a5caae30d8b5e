import ONNXGraph
import TestSupport
import Testing

@testable import Inference

/// The fast backend's kernels one by one, compared with the reference backend.
@Suite("Fast kernels")
struct FastKernelTests {
  /// The kernel that a random convolution uses.
  enum Kind: String, CaseIterable, Sendable { case winograd, depthwise, pointwise, gathered, spread }

  @Test("convolutions give what the reference gives, on one thread and on three", arguments: Kind.allCases)
  func convolutions(kind: Kind) throws {
    var cases = RandomTensors(seed: 5)
    for number in 0..<60 {
      let convolution = try cases.convolution(kind)
      let words = "\(number): \(convolution.x.shape) \(convolution.w.shape) \(convolution.windows)"
      if kind == .winograd {
        let job = try #require(ConvolutionJob(convolution, threads: 1))
        #expect(WinogradPlan(job) != nil, "\(words): is not done by Winograd's filtering")
      }
      let wanted = try cases.judged(convolution, isTransposed: kind == .spread)
      var found: [[Float]] = []
      for threads in [1, 3] {
        let backend = FastBackend(threads: threads)
        // Twice, because the second run uses the weights that the first one has cached.
        for _ in 0..<2 {
          let again = convolution.with(y: try cases.empty(convolution.y.shape))
          if kind == .spread { try backend.convolveTransposed(again) } else { try backend.convolve(again) }
          found.append(again.y.floats)
        }
      }
      let isSame = found.allSatisfy { $0 == found[0] }
      #expect(isSame, "\(words): depends on the number of threads or the run")
      let isClose = RandomTensors.isClose(found[0], wanted.values, scale: wanted.greatest)
      #expect(isClose, "\(words)")
    }
  }

  @Test("some outputs at a time are what all at once are", arguments: [Kind.winograd, .pointwise, .gathered])
  func parts(kind: Kind) throws {
    var cases = RandomTensors(seed: 12)
    var split = 0
    while split < 40 {
      let whole = try cases.convolution(kind)
      let count = whole.w.shape[0]
      if whole.groups > 1 || count < 2 { continue }
      split += 1
      let wanted = try cases.judged(whole, isTransposed: false)
      let y = try cases.empty(whole.y.shape)
      let middle = cases.number(1...(count - 1))
      for channels in [0..<middle, middle..<count] {
        let each = whole.w.count / count
        let w = try cases.empty([channels.count] + whole.w.shape.dropFirst())
        for index in 0..<w.count {
          w.values(Float.self)[index] = whole.w.values(Float.self)[channels.lowerBound * each + index]
        }
        try FastBackend(threads: 2).convolve(
          Convolution(
            x: whole.x, w: w, bias: whole.bias, y: y, windows: whole.windows, groups: 1,
            firstOutput: channels.lowerBound, epilogue: whole.epilogue))
      }
      let isClose = RandomTensors.isClose(y.floats, wanted.values, scale: wanted.greatest)
      #expect(isClose, "\(whole.x.shape) \(whole.w.shape) \(whole.windows), from \(middle) on")
    }
  }

  @Test("many tiles and panels give the same bytes on any number of threads")
  func threads() throws {
    var cases = RandomTensors(seed: 11)
    // The last two have few positions and many channels: threads share each panel.
    for (channels, outputs, input, kernel) in [
      (24, 32, [130, 90], 3), (24, 32, [130, 90], 1), (24, 32, [130, 90], 5), (160, 160, [9, 9], 1),
      (64, 70, [9, 9], 5),
    ] {
      let convolution = try cases.convolution(
        channels: channels, outputs: outputs, input: input, kernel: [kernel, kernel],
        pads: [Int](repeating: kernel / 2, count: 4))
      let wanted = try cases.judged(convolution, isTransposed: false)
      var found: [[Float]] = []
      for threads in [1, 2, 3, 4, 4, 4] {
        let again = convolution.with(y: try cases.empty(convolution.y.shape))
        try FastBackend(threads: threads).convolve(again)
        found.append(again.y.floats)
      }
      let isSame = found.allSatisfy { $0 == found[0] }
      #expect(isSame, "kernel \(kernel)")
      let isClose = RandomTensors.isClose(found[0], wanted.values, scale: wanted.greatest)
      #expect(isClose, "kernel \(kernel)")
    }
  }

  @Test("Winograd's filtering stays within its bound, for tiles of both sizes at every odd size")
  func winogradBound() throws {
    var cases = RandomTensors(seed: 6)
    var checked = 0
    for tile in [2, 4] {
      for height in [1, 2, 3, 5, 8, 9, 17] {
        for width in [1, 2, 4, 7, 13, 19, 33] {
          let convolution = try cases.convolution(
            channels: 8, outputs: 9, input: [height, width], kernel: [3, 3], pads: [1, 2, 2, 1])
          // Large numbers next to small ones: their differences lose digits.
          let x = convolution.x.values(Float.self)
          for index in stride(from: 0, to: convolution.x.count, by: 7) { x[index] *= 1e4 }
          let job = try #require(ConvolutionJob(convolution, threads: 1))
          let done = try WinogradConvolution(job, WinogradPlan(job, tile: tile), WeightCache()).run()
          #expect(done)
          let bounds = WinogradBound(convolution, tile: tile)
          // Each fifth number, which are all places in a tile: tiles and sizes have other periods.
          let phase = checked % 5
          for (index, found) in convolution.y.floats.enumerated() where index % 5 == phase {
            let (exact, bound) = bounds.value(at: index)
            #expect(
              (Double(found) - exact).magnitude <= bound, "tile \(tile), \(height) × \(width), [\(index)]")
            checked += 1
          }
        }
      }
    }
    #expect(checked > 4_000)
  }

  @Test("what filtering would take beside the result does not make a run fail")
  func tightBudget() throws {
    func convolution(_ cases: inout RandomTensors) throws -> Convolution {
      try cases.convolution(channels: 64, outputs: 64, input: [40, 40], kernel: [3, 3], pads: [1, 1, 1, 1])
    }
    var others = RandomTensors(seed: 10)
    let same = try convolution(&others)
    let held = [same.x, same.w, same.y, same.bias].compactMap(\.self).reduce(0) { $0 + $1.count * 4 }
    // Enough for the filter's weights, and for gathering with packed weights, but not for the filter's planes.
    var limits = RunLimits()
    limits.bytes = held + 1_650_000
    var cases = RandomTensors(seed: 10, limits)
    let convolution = try convolution(&cases)
    let job = try #require(ConvolutionJob(convolution, threads: 1))
    let plan = try #require(WinogradPlan(job))
    #expect(throws: OperatorError.self) { _ = try WinogradConvolution(job, plan, WeightCache()).run() }
    try FastBackend(threads: 1).convolve(convolution)
    let wanted = try others.judged(same, isTransposed: false)
    let isClose = RandomTensors.isClose(convolution.y.floats, wanted.values, scale: wanted.greatest)
    #expect(isClose)
  }

  @Test("infinities and NaN spread no further than the definition lets them")
  func nonFinite() throws {
    var cases = RandomTensors(seed: 7)
    for special in [Float.infinity, -.infinity, .nan, 1e38] {
      let convolution = try cases.convolution(
        channels: 16, outputs: 16, input: [20, 20], kernel: [3, 3], pads: [1, 1, 1, 1])
      convolution.x.values(Float.self)[5 * 400 + 7 * 20 + 9] = special
      let wanted = try cases.judged(convolution, isTransposed: false)
      try FastBackend(threads: 2).convolve(convolution)
      for (found, exact) in zip(convolution.y.floats, wanted.values) {
        #expect(found.isFinite == exact.isFinite && found.isNaN == exact.isNaN)
      }
    }
  }

  @Test(
    "weights that are infinite or NaN do not multiply padding",
    arguments: Kind.allCases.filter { $0 != .spread })
  func nonFiniteWeights(kind: Kind) throws {
    var cases = RandomTensors(seed: 13)
    for number in 0..<30 {
      let convolution = try cases.convolution(kind).with(epilogue: .none)
      let place = cases.number(0...(convolution.w.count - 1))
      convolution.w.values(Float.self)[place] = [Float.infinity, -.infinity, .nan][number % 3]
      let wanted = try cases.judged(convolution, isTransposed: false)
      try FastBackend(threads: 2).convolve(convolution)
      let isSame = zip(convolution.y.floats, wanted.values).allSatisfy { found, exact in
        found.isFinite == exact.isFinite && found.isNaN == exact.isNaN
      }
      #expect(isSame, "\(number): \(convolution.x.shape) \(convolution.w.shape) \(convolution.windows)")
    }
  }

  @Test("pooling gives what the reference gives, NaN too")
  func pooling() throws {
    var cases = RandomTensors(seed: 8)
    for number in 0..<80 {
      let pooling = try cases.pooling(greatest: number % 2 == 0, countsPadding: number % 4 == 1)
      if number % 5 == 0 { pooling.x.values(Float.self)[pooling.x.count / 2] = .nan }
      try ReferenceBackend(threads: 1).pool(pooling)
      let wanted = pooling.y.floats
      for threads in [1, 3] {
        let again = Pooling(
          x: pooling.x, y: try cases.empty(pooling.y.shape), windows: pooling.windows, kind: pooling.kind)
        #expect(FastPooling(again, threads: threads) != nil)
        try FastBackend(threads: threads).pool(again)
        let isClose = RandomTensors.isClose(again.y.floats, wanted)
        #expect(isClose, "\(number): \(pooling.windows)")
      }
    }
  }

  @Test("a kernel far larger than its plane is not visited element by element", .timeLimit(.minutes(1)))
  func wideKernel() throws {
    let cases = RandomTensors(seed: 14)
    for (size, isFast) in [(8, true), (9, false), (1 << 20, false)] {
      let windows = Windows(
        input: [1], kernel: [size], strides: [1], dilations: [1], padsBegin: [size - 1], padsEnd: [size - 1],
        output: [size])
      let pooling = Pooling(
        x: try cases.empty([1, 1, 1]), y: try cases.empty([1, 1, size]), windows: windows,
        kind: .greatest(indices: nil, isColumnMajor: false))
      pooling.x.values(Float.self)[0] = 3
      #expect((FastPooling(pooling, threads: 1) != nil) == isFast)
      try FastBackend(threads: 1).pool(pooling)
      let isRight = pooling.y.floats.allSatisfy { $0 == 3 }
      #expect(isRight, "\(size)")
    }
  }

  @Test("products of matrices give what the reference gives, however they lie")
  func products() throws {
    var cases = RandomTensors(seed: 9)
    let sizes = [1, 2, 15, 47, 48, 49, 63, 65, 130, 321, 700]
    for number in 0..<120 {
      let (m, n, k) = (cases.one(of: sizes), cases.one(of: sizes), cases.one(of: sizes))
      // a begins inside its tensor.
      let start = number % 5
      let (a, b) = (try cases.tensor([start + m * k]), try cases.tensor([k, n]))
      var left = MatrixView(tensor: a, offset: start, rows: m, columns: k, rowStride: k, columnStride: 1)
      var right = MatrixView(tensor: b, rows: k, columns: n, rowStride: n, columnStride: 1)
      if number % 2 == 1 {
        left =
          MatrixView(
            tensor: a, offset: start, rows: k, columns: m, rowStride: m, columnStride: 1
          ).transposed
      }
      if number % 3 == 1 {
        right = MatrixView(tensor: b, rows: n, columns: k, rowStride: k, columnStride: 1).transposed
      }
      let old = try cases.tensor([m, n])
      var results: [[Float]] = []
      for backend: any Backend in [
        ReferenceBackend(threads: 1), FastBackend(threads: 1), FastBackend(threads: 3),
      ] {
        let y = try cases.empty([m, n])
        for index in 0..<y.count { y.values(Float.self)[index] = old.values(Float.self)[index] }
        try backend.multiply(
          MatrixProduct(
            a: left, b: right, y: y, scale: number % 3 == 0 ? 0.5 : 1, keep: number % 4 == 0 ? 0 : 2))
        results.append(y.floats)
      }
      let isClose = RandomTensors.isClose(results[1], results[0])
      #expect(isClose, "\(number): \(m) \(n) \(k)")
      let isSame = results[1] == results[2]
      #expect(isSame, "\(number)")
    }
  }
}
