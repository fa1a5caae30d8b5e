public import ByteFiles
internal import ONNXGraph
internal import TensorStreams
public import Tensors

extension HollowFile {
  /// A defect of a hole, of a file's name, or of the graph.
  public struct Problem: Sendable {
    /// The index of the file.
    public let file: Int
    /// The place in the file: `hole 3`, `file 1`, `graph`.
    public let place: String
    /// The content of a sound file at this place.
    public let expected: String
    /// The content of this file.
    public let found: String
  }

  /// The reasons why stored files cannot be filled with these tensors again; empty if they can.
  ///
  /// Holes must be in order and inside their file. Each hole is as long as one tensor, and no other hole has that
  /// tensor. For each tensor that the graph names, the file must have the tensor's hole or elements of its own.
  /// Elements that fill holes are not read.
  ///
  /// - Parameter digests: the tensors' digests; elements stored in the graph itself are compared with them.
  public static func problems(
    of stored: StoredModel, filledBy specs: [TensorSpec], digests: [SHA256Digest]
  ) throws(FileError) -> [Problem] {
    let files = stored.files
    var problems: [Problem] = []
    var filled: Set<Int> = []
    var names: Set<String> = []
    for (number, file) in files.enumerated() {
      problems += file.outlineProblems(number, specs, &filled)
      let isModel = number == 0
      guard let name = file.name, !isModel else {
        if isModel != (file.name == nil) {
          problems.append(
            Problem(
              file: number, place: "file \(number)", expected: isModel ? "a model without a name" : "a name",
              found: isModel ? "one" : "none"))
        }
        continue
      }
      if !isBeside(name) || !names.insert(name).inserted {
        problems.append(
          Problem(
            file: number, place: "file \(number)",
            expected: "a unique path within the model's folder",
            found: TensorName(name).quoted))
      }
    }
    guard problems.isEmpty, let first = files.first, first.size != nil else { return problems }
    let (model, constants): (Model, [NamedConstant])
    do throws(GraphError) { (model, constants) = (try stored.model, try stored.model.constants()) } catch {
      switch error {
      case .file(let error): throw error
      case .refused(_, _, let place, let expected, let found):
        return [
          Problem(
            file: 0, place: "graph", expected: "an ONNX model",
            found: "\(place): expected \(expected), found \(found)")
        ]
      }
    }
    return first.graphProblems(constants, of: model.file, specs, digests)
  }

  /// Whether `name` is a path inside the model's folder, without hidden files or folders.
  static func isBeside(_ name: String) -> Bool {
    SystemPath.components(name).allSatisfy {
      !$0.isEmpty && $0.utf8.first != UInt8(ascii: ".") && !$0.utf8.contains(0)
    }
  }

  /// The first hole that is out of order, outside the file, or of another length than the tensor that fills it.
  func outlineProblems(_ number: Int, _ specs: [TensorSpec], _ filled: inout Set<Int>) -> [Problem] {
    var (position, held) = (0, 0)
    for (index, hole) in holes.enumerated() {
      func problem(_ expected: String, _ found: String) -> [Problem] {
        [Problem(file: number, place: "hole \(index)", expected: expected, found: found)]
      }
      guard specs.indices.contains(hole.tensor), specs[hole.tensor].byteCount == hole.count else {
        return problem(
          "the length of a tensor", "\(hole.count.grouped) bytes for tensor number \(hole.tensor)")
      }
      guard filled.insert(hole.tensor).inserted else {
        return problem(
          "a tensor that fills no other hole", "\(specs[hole.tensor].name.quoted) for the second time")
      }
      guard hole.position >= position else {
        return problem("a place at byte \(position) or later", "one at byte \(hole.position)")
      }
      guard hole.position - position <= bytes.count - held else {
        return problem(
          "a place at byte \(position + bytes.count - held) or earlier", "one at byte \(hole.position)")
      }
      held += hole.position - position
      let (end, overflow) = hole.position.addingReportingOverflow(hole.count)
      if overflow { return problem("an end that a file can have", "an end that overflows") }
      position = end
    }
    return []
  }

  /// The digest of elements in the graph; nil if they cannot be read.
  private static func digest(of constant: TensorConstant, in file: ReadableFile) -> SHA256Digest? {
    var bytes = [UInt8](repeating: 0, count: constant.byteCount)
    do throws(GraphError) {
      let reader = try ConstantReader(constant, file: file, external: ExternalFiles(of: file))
      var failure: GraphError?
      bytes.withUnsafeMutableBytes { buffer in
        do throws(GraphError) { try reader.read(into: buffer) } catch { failure = error }
      }
      if failure != nil { return nil }
    } catch { return nil }
    return SHA256Digest.of(bytes)
  }

  /// The first disagreement between the graph's tensors, the index and the holes.
  private func graphProblems(
    _ constants: [NamedConstant], of file: ReadableFile, _ specs: [TensorSpec], _ digests: [SHA256Digest]
  ) -> [Problem] {
    var stated: [Int: Int] = [:]
    var own: [Int: Int] = [:]
    for hole in holes { (stated[hole.position], own[hole.tensor]) = (hole.tensor, hole.position) }
    var places: [TensorName: Int] = [:]
    for (index, spec) in specs.enumerated() { places[spec.name] = index }
    var seen: Set<Int> = []
    for named in constants {
      // Older indexes do not list the numbers in a node's attributes; the graph has all of them.
      if case .held = named.constant.payload, places[named.name] == nil { continue }
      guard let index = places[named.name], specs[index].shape == named.constant.shape,
        specs[index].dtype == named.constant.type.dtype
      else {
        return [
          Problem(
            file: 0, place: "graph", expected: "the tensors of the index",
            found: "\(named.name.quoted) of shape \(named.constant.shape)")
        ]
      }
      seen.insert(index)
      if case .raw(let range) = named.constant.payload,
        let position = own[index], position != range.lowerBound
      {
        return [
          Problem(
            file: 0, place: "hole at byte \(position)",
            expected: "\(named.name.quoted) at byte \(range.lowerBound)", found: "it here")
        ]
      }
      guard case .raw(let range) = named.constant.payload, let filler = stated[range.lowerBound] else {
        // Elements without a hole are in the graph. Floats in a typed field have a hole inside their message.
        if case .external = named.constant.payload { continue }
        if let position = own[index], named.constant.message.contains(position) { continue }
        guard digests.indices.contains(index), Self.digest(of: named.constant, in: file) == digests[index]
        else {
          return [
            Problem(
              file: 0, place: "graph", expected: "the elements of \(named.name.quoted)",
              found: "different ones")
          ]
        }
        continue
      }
      if filler != index {
        return [
          Problem(
            file: 0, place: "hole at byte \(range.lowerBound)", expected: named.name.quoted,
            found: specs[filler].name.quoted)
        ]
      }
    }
    if let missing = specs.indices.first(where: { !seen.contains($0) }) {
      return [
        Problem(
          file: 0, place: "graph", expected: "the tensors of the index",
          found: "none named \(specs[missing].name.quoted)")
      ]
    }
    return []
  }
}
