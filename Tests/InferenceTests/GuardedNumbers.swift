import Glibc

/// Numbers between two unreadable pages: an access before the first number's page or after the last number ends the test.
final class GuardedNumbers<Number: BitwiseCopyable> {
  private let memory: UnsafeMutableRawPointer
  private let byteCount: Int
  let base: UnsafeMutablePointer<Number>
  let count: Int

  /// - Parameter slack: numbers after the last one that can be read.
  init(_ numbers: [Number], slack: [Number] = []) {
    count = numbers.count
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let size = (numbers.count + slack.count) * MemoryLayout<Number>.stride
    let body = (size + page - 1) / page * page
    byteCount = body + 2 * page
    guard
      let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      memory != MAP_FAILED, mprotect(memory, page, PROT_NONE) == 0,
      mprotect(memory + page + body, page, PROT_NONE) == 0
    else { fatalError("no memory with guard pages") }
    self.memory = memory
    base = (memory + page + body - size).bindMemory(to: Number.self, capacity: numbers.count + slack.count)
    for (place, number) in (numbers + slack).enumerated() { base[place] = number }
  }

  convenience init(repeating number: Number, count: Int) {
    self.init([Number](repeating: number, count: count))
  }

  var numbers: [Number] { (0..<count).map { base[$0] } }

  subscript(_ place: Int) -> Number { base[place] }

  deinit { munmap(memory, byteCount) }
}

typealias GuardedFloats = GuardedNumbers<Float>

extension GuardedNumbers<Float> {
  /// - Parameter slack: how many numbers after the last one can be read; they are NaN, so that a result that depends on
  ///   them is too.
  convenience init(repeating number: Float, count: Int, slack: Int) {
    self.init([Float](repeating: number, count: count), slack: [Float](repeating: .nan, count: slack))
  }
}
