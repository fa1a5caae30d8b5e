import Dispatch
import Testing

@testable import Conversion

@Suite("The ring of windows")
struct WindowRingTests {
  @Test("lends small windows from one buffer, apart from one another")
  func smallWindows() throws {
    let ring = WindowRing(count: 1, capacity: 1024)
    let windows = [100, 1, 300].map { ring.take($0, users: 1) }
    #expect(windows.map(\.storage.count) == [100, 1, 300])
    for (number, window) in windows.enumerated() {
      window.storage.copyBytes(from: repeatElement(UInt8(number), count: window.storage.count))
    }
    for (number, window) in windows.enumerated() {
      #expect(window.storage.allSatisfy { $0 == UInt8(number) })
    }
    windows.forEach { $0.release() }
  }

  @Test("gives a buffer back after its last user")
  func lastUser() throws {
    let ring = WindowRing(count: 1, capacity: 256)
    var first = ring.take(256, users: 2)
    for _ in 0..<100 {
      let base = first.storage.baseAddress
      let window = first
      DispatchQueue.global().async { window.release() }
      DispatchQueue.global().async { window.release() }
      first = ring.take(256, users: 2)
      #expect(first.storage.baseAddress == base)
    }
    first.release()
    first.release()
  }

  /// A tied tensor is only hashed, so its window may be done before an earlier one that is still to be written.
  @Test("waits for an earlier window when a later one is done first")
  func doneEarly() throws {
    let ring = WindowRing(count: 2, capacity: 64)
    let slow = ring.take(64, users: 1)
    slow.storage.copyBytes(from: repeatElement(7, count: 64))
    ring.take(64, users: 1).release()
    let lateRelease = DispatchWorkItem {
      #expect(slow.storage.allSatisfy { $0 == 7 })
      slow.storage[0] = 8
      slow.release()
    }
    DispatchQueue.global().asyncAfter(deadline: .now() + 0.05, execute: lateRelease)
    let next = ring.take(64, users: 1)
    // The ring waited: it returns the slow window's memory after that window's user was done with it.
    #expect(next.storage.baseAddress == slow.storage.baseAddress)
    #expect(next.storage[0] == 8)
    next.release()
  }
}
