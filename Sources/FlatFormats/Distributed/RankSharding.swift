internal import StrictJSON
internal import Tensors

/// The part of a safetensors header that says which pieces a rank of a distributed checkpoint has written.
///
/// `DCP_SHARDING_INFO` is JSON: `{name: {"saved_offsets": [first index on each dimension]}}`. The shapes in the header are
/// those of the pieces, so a reader that does not know this takes pieces for whole tensors.
struct RankSharding {
  /// The offsets of each tensor, in the order of the text.
  let offsets: [(name: TensorName, offsets: [Int])]

  static let key = "DCP_SHARDING_INFO"
  static let versionKey = "DCP_VERSION"
  private static let sizeLimit = 32 << 20

  /// Whether a key of a header's metadata is about pieces; it is lost when tensors are written, which are whole.
  static func isKey(_ text: String) -> Bool {
    [key, versionKey].contains { TensorName($0) == TensorName(text) }
  }

  /// Whether a header has this part.
  static func isIn(_ metadata: [(key: String, value: String)]) -> Bool {
    metadata.contains { TensorName($0.key) == TensorName(key) }
  }

  /// - Parameter path: the file, in messages.
  init(_ metadata: [(key: String, value: String)], path: String) throws(FlatFormatError) {
    func broken(_ expected: String, _ found: String) -> FlatFormatError {
      .refused(.dcpRanks, path: path, place: Self.key, expected: expected, found: found)
    }
    guard let text = metadata.first(where: { TensorName($0.key) == TensorName(Self.key) })?.value else {
      throw broken("the offsets of a rank's pieces", "none")
    }
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONParser(depthLimit: 8, sizeLimit: Self.sizeLimit).parse(Array(text.utf8))
    } catch { throw broken("JSON", "\(error)") }
    guard case .object(let root) = document else { throw broken("an object", document.kindName) }
    var offsets: [(name: TensorName, offsets: [Int])] = []
    for member in root.members {
      guard case .object(let entry) = member.value, case .array(let list)? = entry["saved_offsets"] else {
        throw broken("saved_offsets of \(TensorName(member.key).quoted)", "another value")
      }
      var numbers: [Int] = []
      for value in list {
        guard case .integer(let number) = value, number >= 0, let offset = Int(exactly: number) else {
          throw broken("offsets of \(TensorName(member.key).quoted) that are not negative", value.kindName)
        }
        numbers.append(offset)
      }
      offsets.append((TensorName(member.key), numbers))
    }
    self.offsets = offsets
  }

  /// Throws if a file that is read as whole tensors has pieces of them.
  ///
  /// - Parameter isNamed: whether an index names the file. PyTorch writes one only if each tensor is whole, and then all
  ///   offsets are zero. Without it, a rank whose pieces all begin at zero looks the same.
  static func requireWhole(
    _ metadata: [(key: String, value: String)], path: String, isNamed: @autoclosure () -> Bool
  ) throws(FlatFormatError) {
    guard isIn(metadata) else { return }
    let sharding = try RankSharding(metadata, path: path)
    if sharding.offsets.allSatisfy({ $0.offsets.allSatisfy { $0 == 0 } }), isNamed() { return }
    throw .refused(
      .dcpPart, path: path, place: "metadata, \(key)",
      expected: "whole tensors, or the folder that has the files of all ranks",
      found: "the pieces of one rank of a distributed checkpoint (DCP)")
  }
}
