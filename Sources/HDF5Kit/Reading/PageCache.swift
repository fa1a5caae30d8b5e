internal import ByteFiles
internal import Synchronization

/// The pages of a source that small reads used most recently.
///
/// HDF5 metadata is many small structures: a lookup in a large group reads a few B-tree nodes of 544 bytes, a symbol
/// node of 328 bytes and some names. With pages of 2 KiB, few bytes are read without need; at most 1 MiB is kept. The
/// lock is held while a page is looked up or stored, but never while the source is read.
final class PageCache: Sendable {
  static let pageSize = 2048
  private static let capacity = 512

  private struct State {
    var pages: [Int: [UInt8]] = [:]
    /// Page numbers in the order in which they were read; the oldest is replaced.
    var order: [Int] = []
    var next = 0
  }

  private let source: any ByteSource
  private let state = Mutex(State())

  init(source: any ByteSource) { self.source = source }

  /// The `count` bytes at `offset`; the caller has checked that they lie within the source.
  func bytes(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
    let first = offset / Self.pageSize
    let inPage = offset - first * Self.pageSize
    if count <= Self.pageSize - inPage {
      return Array(try page(first)[inPage..<inPage + count])
    }
    var result: [UInt8] = []
    result.reserveCapacity(count)
    var position = inPage
    var number = first
    while result.count < count {
      let page = try page(number)
      result += page[position..<min(page.count, position + count - result.count)]
      position = 0
      number += 1
    }
    return result
  }

  private func page(_ number: Int) throws(FileError) -> [UInt8] {
    if let page = state.withLock({ $0.pages[number] }) { return page }
    let offset = number * Self.pageSize
    let page = try source.bytes(at: offset, count: min(Self.pageSize, source.size - offset))
    state.withLock { state in
      guard state.pages.updateValue(page, forKey: number) == nil else { return }
      if state.order.count < Self.capacity {
        state.order.append(number)
      } else {
        state.pages[state.order[state.next]] = nil
        state.order[state.next] = number
        state.next = (state.next + 1) % Self.capacity
      }
    }
    return page
  }
}

extension ByteSource {
  /// The `count` bytes at `offset`, which the caller has checked to lie within the source.
  func bytes(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
    var failure: FileError?
    let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(FileError) {
        try read(
          at: offset,
          into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
        filled = count
      } catch {
        failure = error
        filled = 0
      }
    }
    if let failure { throw failure }
    return result
  }
}
