import Glibc

/// Numbers between two unreadable pages: an access before the first number's page or after the last number ends the test.
final class GuardedFloats {
  private let memory: UnsafeMutableRawPointer
  private let byteCount: Int
  let base: UnsafeMutablePointer<Float>
  let count: Int

  /// - Parameter slack: readable numbers after the last one; they are NaN, so that a result that depends on them is too.
  init(_ numbers: [Float], slack: Int = 0) {
    count = numbers.count
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let size = (numbers.count + slack) * MemoryLayout<Float>.stride
    let body = (size + page - 1) / page * page
    byteCount = body + 2 * page
    guard
      let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      memory != MAP_FAILED, mprotect(memory, page, PROT_NONE) == 0,
      mprotect(memory + page + body, page, PROT_NONE) == 0
    else { fatalError("no memory with guard pages") }
    self.memory = memory
    base = (memory + page + body - size).bindMemory(to: Float.self, capacity: numbers.count + slack)
    for (place, number) in numbers.enumerated() { base[place] = number }
    for place in 0..<slack { base[count + place] = .nan }
  }

  convenience init(repeating number: Float, count: Int, slack: Int = 0) {
    self.init([Float](repeating: number, count: count), slack: slack)
  }

  var numbers: [Float] { (0..<count).map { base[$0] } }

  subscript(_ place: Int) -> Float { base[place] }

  deinit { munmap(memory, byteCount) }
}
