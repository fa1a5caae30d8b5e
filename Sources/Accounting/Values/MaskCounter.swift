internal import Synchronization
package import TensorStreams
internal import Tensors
package import UnitModel

/// Counts the elements of a tensor that one or more masks keep; a byte of a mask keeps its element unless it is 0.
///
/// Masks are read on demand. Each result is kept, because several policies need the same.
package final class MaskCounter: Sendable {
  private let source: any TensorSource
  private let tensors: [TensorSpec]
  /// The place of each tensor in the source.
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

  /// - Parameter placements: the placements of the file's tensors; masks are identified by their places.
  package init(_ placements: [TensorPlacement], in source: any TensorSource) {
    self.source = source
    tensors = placements.map(\.spec)
    let named = source.places
    places = tensors.map { named[$0.name] }
    let masks = TaskMasks(placements)
    var all = 0
    for mask in Set(masks.masked.flatMap(masks.masks(of:))) { all += placements[mask].spec.byteCount }
    limit = max(Self.readLimit, 4 * all)
  }

  /// The most bytes of masks that may be read: this takes some seconds, or reads all masks four times.
  ///
  /// Each sub-network needs its own masks, and everything stored needs all of them: together twice all masks. Unions
  /// over many levels need more.
  private static let readLimit = 4_000_000_000
  private static let windowLength = 1 << 16

  /// The number of elements of a tensor that these masks keep together, or of those that are also not zero.
  ///
  /// Throws `.source` for errors of reading, `.tooManyMasks` beyond the limit of bytes.
  package func count(
    of tensor: Int, keptBy masks: [Int], ofNonZero: Bool = false
  ) throws(AccountingError) -> Int {
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
      throw .tooManyMasks(tensor: tensors[tensor].name, limit: limit)
    }
    let kept: Int
    do { kept = try read(masks, count: count, tensor: tensor, isNonZero: ofNonZero) } catch {
      throw .source(SourceFailure(error))
    }
    state.withLock { $0.known[question] = kept }
    return kept
  }

  private func column(_ tensor: Int) throws -> ParallelWindows.Column {
    guard let place = places[tensor] else {
      throw TensorStreamError.missing(path: source.path, name: tensors[tensor].name)
    }
    return (try source.reader(of: place), tensors[tensor].dtype.bytes ?? 1)
  }

  /// - Parameter isNonZero: whether only elements that are not zero count.
  private func read(_ masks: [Int], count: Int, tensor: Int, isNonZero: Bool) throws -> Int {
    let dtype = tensors[tensor].dtype
    let columns = try (masks + (isNonZero ? [tensor] : [])).map(column)
    var kept = 0
    var together = [UInt8](repeating: 0, count: min(count, Self.windowLength))
    try ParallelWindows(columns, limit: Self.windowLength).forEach(of: count) { windows in
      let length = min(count, windows.first?.count ?? 0)
      for place in 0..<length { together[place] = 0 }
      for window in windows[..<masks.count] {
        for place in 0..<length { together[place] |= window[place] }
      }
      for place in 0..<length where together[place] != 0 {
        if !isNonZero || !NonZeroCount.isZero(place, of: dtype, in: windows[masks.count]) { kept += 1 }
      }
    }
    return kept
  }
}
