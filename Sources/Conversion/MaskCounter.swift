package import FlatFormats
internal import Synchronization
internal import Tensors
package import UnitModel

/// Counts the elements of a tensor that one mask or more leaves in; of a mask every byte that is not 0 does.
///
/// Masks are read when they are asked for. Each answer is kept, because several policies ask the same.
package final class MaskCounter: Sendable {
  private let source: any TensorSource
  private let tensors: [TensorSpec]
  /// By the place of a tensor its place in the source.
  private let places: [Int?]
  private let limit: Int
  private let state = Mutex(State())

  private struct State {
    var known: [Question: Int] = [:]
    var bytesRead = 0
  }

  private struct Question: Hashable {
    let tensor: Int
    let masks: [Int]
    let ofNonZero: Bool
  }

  /// - Parameter placements: of the file's tensors; masks are named by their places.
  package init(_ placements: [TensorPlacement], in source: any TensorSource) {
    self.source = source
    tensors = placements.map(\.spec)
    var named: [TensorName: Int] = [:]
    for (index, tensor) in source.tensors.enumerated() { named[tensor.spec.name] = index }
    places = tensors.map { named[$0.name] }
    let masks = TaskMasks(placements)
    var all = 0
    for mask in Set(masks.masked.flatMap(masks.masks(of:))) { all += placements[mask].spec.byteCount }
    limit = max(Self.readLimit, 4 * all)
  }

  /// Bytes of masks that may be looked at: some seconds, or all of them four times.
  ///
  /// Every virtual network needs its own masks, everything stored needs them all: that is twice. Unions over many levels
  /// ask more often.
  private static let readLimit = 4_000_000_000
  private static let windowLength = 1 << 16

  /// The number of elements of a tensor that these masks leave in together, or of those that are not zero besides.
  ///
  /// Throws `ConversionError`: what reading throws, or `.refused` for more questions than there is time for.
  package func count(
    of tensor: Int, keptBy masks: [Int], ofNonZero: Bool = false
  ) throws(ConversionError) -> Int {
    let question = Question(tensor: tensor, masks: masks, ofNonZero: ofNonZero)
    if let known = state.withLock({ $0.known[question] }) { return known }
    let count = tensors[tensor].elementCount
    let (bytes, overflow) = count.multipliedReportingOverflow(by: masks.count)
    let all = state.withLock { state -> Int in
      let (sum, second) = state.bytesRead.addingReportingOverflow(overflow ? Int.max : bytes)
      state.bytesRead = second ? Int.max : sum
      return state.bytesRead
    }
    guard all <= limit else {
      throw .refused(
        path: source.path, place: "masks of tensor \(tensors[tensor].name.quoted)",
        expected: "counts that look at masks for at most \(limit) bytes", found: "more")
    }
    let kept = try read(masks, count: count, tensor: tensor, isNonZero: ofNonZero)
    state.withLock { $0.known[question] = kept }
    return kept
  }

  private func reader(of tensor: Int) throws(ConversionError) -> any TensorByteReader {
    guard let place = places[tensor] else {
      throw .refused(
        path: source.path, place: "tensor \(tensors[tensor].name.quoted)", expected: "one of the file",
        found: "none")
    }
    return try asConversion { () throws(FlatFormatError) in try source.reader(of: place) }
  }

  /// - Parameter isNonZero: whether only elements count that are not zero.
  private func read(_ masks: [Int], count: Int, tensor: Int, isNonZero: Bool) throws(ConversionError) -> Int {
    var readers: [any TensorByteReader] = []
    for mask in masks { readers.append(try reader(of: mask)) }
    let values = isNonZero ? try reader(of: tensor) : nil
    let dtype = tensors[tensor].dtype
    var elements: [UInt8] = []
    var kept = 0
    var left = count
    var window = [UInt8](repeating: 0, count: min(count, Self.windowLength))
    var together = window
    while left > 0 {
      if window.count > left {
        window.removeLast(window.count - left)
        together.removeLast(together.count - left)
      }
      for place in together.indices { together[place] = 0 }
      for reader in readers {
        try asConversion { () throws(FlatFormatError) in try reader.read(into: &window) }
        for place in window.indices { together[place] |= window[place] }
      }
      if let values {
        let byteCount = window.count * (dtype.bytes ?? 1)
        if elements.count != byteCount { elements = [UInt8](repeating: 0, count: byteCount) }
        try asConversion { () throws(FlatFormatError) in try values.read(into: &elements) }
        for (place, byte) in together.enumerated()
        where byte != 0 && !NonZeroCount.isZero(place, of: dtype, in: elements) { kept += 1 }
      } else {
        for byte in together where byte != 0 { kept += 1 }
      }
      left -= window.count
    }
    return kept
  }
}
