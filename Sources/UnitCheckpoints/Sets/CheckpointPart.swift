internal import StrictJSON
internal import Tensors

/// The tensors whose bytes one file of a set of checkpoints holds.
///
/// Every file of a set has the whole index, so tensors have the same numbers in all of them.
package struct CheckpointPart: Sendable, Equatable {
  /// From 1.
  package let number: Int
  /// The number of files of the set.
  package let count: Int
  /// The numbers of its tensors: ascending ranges, none empty, with gaps between them.
  package let tensors: [Range<Int>]
  /// The files that the set is made from.
  package let source: SourceFingerprint

  /// The most files of a set; all are open at the same time.
  package static let limit = 512

  /// Whether the part holds the bytes of the tensor with this number, or its name if it is tied.
  package func holds(_ number: Int) -> Bool {
    let place = tensors.partitionPoint { $0.upperBound <= number }
    return place < tensors.count && tensors[place].contains(number)
  }

  /// Part `number` of `count` parts with about the same number of bytes each. Tied tensors are in one part.
  ///
  /// The result depends on nothing else, so several processes make the same division without knowing of each other.
  ///
  /// - Parameters:
  ///   - sizes: bytes of each tensor.
  ///   - ties: for each tensor, the number of the tensor whose bytes it shares, or nil.
  ///   - source: the files that the tensors are read from.
  package init(_ number: Int, of count: Int, sizes: [Int], ties: [Int?], from source: SourceFingerprint) {
    self.source = source
    self.number = number
    self.count = count
    // A tied tensor takes no bytes, but its digest is that of its bytes, which are read for it.
    let owned = sizes.indices.map { ties[$0] == nil ? Double(sizes[$0]) : 0 }
    let total = max(owned.reduce(0, +), 1)
    var before = 0.0
    var parts: [Int] = []
    parts.reserveCapacity(sizes.count)
    for size in owned {
      // The middle of the tensor decides, so that a large tensor at a border goes to the part with more of it.
      parts.append(min(count, Int((before + size / 2) / total * Double(count)) + 1))
      before += size
    }
    var ranges: [Range<Int>] = []
    for tensor in sizes.indices where parts[ties[tensor] ?? tensor] == number {
      if let last = ranges.last, last.upperBound == tensor {
        ranges[ranges.count - 1] = last.lowerBound..<tensor + 1
      } else {
        ranges.append(tensor..<tensor + 1)
      }
    }
    tensors = ranges
  }

  /// Whether the other one is the same part of a set, perhaps from other files.
  func isSamePart(as other: CheckpointPart?) -> Bool {
    guard let other else { return false }
    return number == other.number && count == other.count && tensors == other.tensors
  }

  // MARK: The document in a file

  private static let format = "tessera.part/1"

  /// The document that says which tensors the file holds.
  var text: [UInt8] {
    let ranges = tensors.map { JSONValue.array([JSONValue($0.lowerBound), JSONValue($0.count)]) }
    let object = SourceRecord.object([
      ("format", .string(Self.format)), ("number", JSONValue(number)), ("count", JSONValue(count)),
      ("tensors", .array(ranges)), ("fingerprint", .string(source.text)),
    ])
    // Only a number that is not finite cannot be written; this document has no such number.
    return Array(((try? JSONWriter.text(object, layout: .pretty)) ?? "{}\n").utf8)
  }

  /// Reads the document; nil for one that is not a part of a model with this many tensors.
  init?(_ text: [UInt8], tensorCount: Int) {
    guard case .object(let object)? = try? JSONParser().parse(text),
      case .string(Self.format)? = object["format"],
      case .integer(let number)? = object["number"], case .integer(let count)? = object["count"],
      (1...Int64(Self.limit)).contains(count), (1...count).contains(number),
      case .array(let items)? = object["tensors"],
      case .string(let fingerprint)? = object["fingerprint"], let source = SourceFingerprint(fingerprint)
    else { return nil }
    var ranges: [Range<Int>] = []
    for item in items {
      guard case .array(let pair) = item, pair.count == 2, case .integer(let first) = pair[0],
        case .integer(let length) = pair[1], let first = Int(exactly: first),
        let length = Int(exactly: length),
        first >= (ranges.last.map { $0.upperBound + 1 } ?? 0), length > 0, first <= tensorCount,
        length <= tensorCount - first
      else { return nil }
      ranges.append(first..<first + length)
    }
    self.number = Int(number)
    self.count = Int(count)
    self.source = source
    tensors = ranges
  }
}
