internal import TensorStreams
internal import Tensors

/// The bytes of one piece, read once from first to last, through a buffer.
final class PieceReader {
  private let reader: any TensorByteReader
  /// The piece's name, which is added to the place of an error; nil if the reader's errors have it.
  private let words: String?
  private let capacity: Int
  private var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// The range of `buffer` that is filled and not delivered yet.
  private var pending = 0..<0

  /// - Parameter capacity: the most bytes of the buffer; positive.
  init(_ reader: any TensorByteReader, words: String? = nil, capacity: Int) {
    self.reader = reader
    self.words = words
    self.capacity = capacity
  }

  deinit { buffer.deallocate() }

  /// Whether all bytes have been delivered.
  var isEmpty: Bool { pending.isEmpty && reader.remaining == 0 }

  func read(into target: UnsafeMutableRawBufferPointer) throws {
    var done = 0
    while done < target.count {
      let left = target.count - done
      if pending.isEmpty, left >= min(capacity, reader.remaining) {
        try fill(UnsafeMutableRawBufferPointer(rebasing: target[done...]))
        return
      }
      if pending.isEmpty {
        if buffer.isEmpty { buffer = .allocate(byteCount: min(capacity, reader.remaining), alignment: 64) }
        let count = min(buffer.count, reader.remaining)
        try fill(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
        pending = 0..<count
      }
      let count = min(left, pending.count)
      UnsafeMutableRawBufferPointer(rebasing: target[done..<(done + count)]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: buffer[pending.lowerBound..<(pending.lowerBound + count)]))
      pending = (pending.lowerBound + count)..<pending.upperBound
      done += count
    }
  }

  private func fill(_ target: UnsafeMutableRawBufferPointer) throws {
    do { try reader.read(into: target) } catch let error as FlatFormatError {
      throw words.map(error.within) ?? error
    }
  }
}

extension FlatFormatError {
  /// The same error, whose place is inside `outer`.
  func within(_ outer: String) -> FlatFormatError {
    guard case .broken(let defect, let path, let place, let expected, let found) = self else { return self }
    return .broken(defect, path: path, place: "\(outer), \(place)", expected: expected, found: found)
  }
}
