package import FlatFormats
internal import Tensors
package import UnitModel

/// Finds how the masks of each tensor overlap.
package enum MaskOverlapCount {
  /// By the place of each tensor that has masks what they leave in; an element stays where its mask's byte is not 0.
  ///
  /// Reads every mask once, the masks of a tensor side by side in windows of `windowLength` elements. Throws
  /// `ConversionError.refused` for more than `MaskOverlap.cellLimit` different sets of masks on one tensor.
  package static func overlaps(
    of placements: [TensorPlacement], in source: any TensorSource
  ) throws(ConversionError) -> [Int: MaskOverlap] {
    let masks = TaskMasks(placements)
    if masks.isEmpty { return [:] }
    var places: [TensorName: Int] = [:]
    for (index, tensor) in source.tensors.enumerated() { places[tensor.spec.name] = index }
    var result: [Int: MaskOverlap] = [:]
    for place in masks.masked {
      let own = masks.masks(of: place)
      var readers: [any TensorByteReader] = []
      for mask in own {
        guard let index = places[placements[mask].spec.name] else { continue }
        readers.append(
          try asConversion { () throws(FlatFormatError) in try source.reader(of: index) })
      }
      var sets = MaskSets(masks: own)
      var left = readers.count == own.count ? placements[place].spec.elementCount : 0
      while left > 0 {
        let count = min(left, windowLength)
        sets.begin(count)
        for (number, reader) in readers.enumerated() {
          try asConversion { () throws(FlatFormatError) in try sets.read(number, from: reader) }
        }
        sets.end()
        left -= count
        guard sets.count <= MaskOverlap.cellLimit else {
          throw .refused(
            path: source.path, place: "masks of tensor \(placements[place].spec.name.quoted)",
            expected: "elements with at most \(MaskOverlap.cellLimit) different sets of masks to count",
            found: "more")
        }
      }
      result[place] = sets.overlap
    }
    return result
  }

  /// Elements that are looked at together: numbers of sets for them all, and bytes of one mask.
  static let windowLength = 1 << 16
}

/// Tells elements apart by the masks that leave them in.
private struct MaskSets {
  private let masks: [Int]
  private var counts: [[Int]: Int] = [:]
  /// For each element of the window the number of its set among `sets`.
  private var numbers: [Int32] = []
  /// Sets of the masks read so far that occur in the window.
  private var sets: [[Int]] = []
  private var bytes: [UInt8] = []

  init(masks: [Int]) { self.masks = masks }

  /// How many sets there are.
  var count: Int { counts.count }

  var overlap: MaskOverlap {
    MaskOverlap(
      counts.map { MaskOverlap.Cell(masks: $0.key, elementCount: $0.value) }
        .sorted { $0.masks.lexicographicallyPrecedes($1.masks) })
  }

  mutating func begin(_ count: Int) {
    numbers = [Int32](repeating: 0, count: count)
    sets = [[]]
    if bytes.count != count { bytes = [UInt8](repeating: 0, count: count) }
  }

  /// Divides each set into the elements that the next mask leaves in and those that it takes out.
  mutating func read(_ mask: Int, from reader: any TensorByteReader) throws(FlatFormatError) {
    var failure: FlatFormatError?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(FlatFormatError) { try reader.read(into: buffer) } catch { failure = error }
    }
    if let failure { throw failure }
    var divided: [[Int]] = []
    var places = [Int32](repeating: -1, count: 2 * sets.count)
    for (element, byte) in bytes.enumerated() {
      let key = 2 * Int(numbers[element]) + (byte == 0 ? 0 : 1)
      if places[key] < 0 {
        places[key] = Int32(divided.count)
        divided.append(byte == 0 ? sets[key / 2] : sets[key / 2] + [masks[mask]])
      }
      numbers[element] = places[key]
    }
    sets = divided
  }

  /// Adds the window's elements to the counts.
  mutating func end() {
    var own = [Int](repeating: 0, count: sets.count)
    for number in numbers { own[Int(number)] += 1 }
    for (set, count) in zip(sets, own) { counts[set, default: 0] += count }
  }
}
