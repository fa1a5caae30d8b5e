internal import ByteFiles
internal import HDF5Kit
internal import StrictJSON
internal import TensorStreams
internal import Tensors

/// Reads a set of `.weights.h5` files through its index, `NAME.weights.json`.
///
/// `{"metadata": {"total_size": bytes}, "weight_map": {"/layers/dense/vars": file or [file, …]}}`: the groups of
/// variables, each with the files that have some of them.
enum KerasShards {
  static let suffix = ".weights.json"
  private static let sizeLimit = 32 << 20
  private static let shardLimit = 65_536

  static func matches(_ head: FileHead) -> Bool {
    guard head.bytes.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) == UInt8(ascii: "{") else {
      return false
    }
    return head.hasSuffix(suffix) || head.contains("\"weight_map\"") && head.contains("/vars\"")
  }

  static func open(
    _ index: ReadableFile, _ names: ReadingChoices.Names
  ) throws(FlatFormatError) -> HDF5Source {
    let (shards, groups) = try map(of: index)
    var merged: HDF5Survey?
    var files = [index.path]
    for name in shards {
      let file: ReadableFile
      do throws(FileError) {
        file = try ReadableFile(named: name, within: SystemPath.folder(of: index.path))
      } catch {
        throw broken(
          index, "weight_map", "a file \(TensorName(name).quoted) in the index's folder", "\(error)")
      }
      files.append(file.path)
      let opened = try asFlatFormat { () throws(HDF5Error) in try HDF5File(file) }
      let survey = try HDF5Survey(opened, fileSize: file.size, assumed: nil, isKeras: true)
      guard merged != nil else {
        merged = survey
        continue
      }
      merged?.append(survey)
    }
    guard let merged else { throw broken(index, "weight_map", "at least one file", "none") }
    var known: Set<TensorName> = []
    var found: Set<TensorName> = []
    for entry in merged.entries {
      let steps = SystemPath.components(entry.spec.name.text)
      found.insert(TensorName(steps.dropLast().joined(separator: "/")))
      guard known.insert(entry.spec.name).inserted else {
        throw broken(index, "tensor \(entry.spec.name.quoted)", "it in one file", "it in two")
      }
    }
    if let missing = groups.first(where: { !found.contains($0) }) {
      throw broken(index, "weight_map", "files with the group \(missing.quoted)", "none with its variables")
    }
    let named = Set(groups)
    if let extra = merged.entries.first(where: { entry in
      let steps = SystemPath.components(entry.spec.name.text)
      return !named.contains(TensorName(steps.dropLast().joined(separator: "/")))
    }) {
      throw broken(index, "weight_map", "the group of \(extra.spec.name.quoted)", "none")
    }
    var parts = HDF5Source.Parts()
    (parts.metadata, parts.leftOut) = (merged.attributes, merged.leftOut)
    (parts.remarks, parts.defects) = (merged.remarks, merged.defects)
    parts.chooseNumbered(merged, names)
    return HDF5Source(.keras, path: index.path, files: files, single: nil, parts)
  }

  /// The files and the paths of all groups in an index.
  private static func map(
    of index: ReadableFile
  ) throws(FlatFormatError) -> (shards: [String], groups: [TensorName]) {
    guard index.size <= sizeLimit else {
      throw broken(index, "file", "at most \(sizeLimit.grouped) bytes", index.size.grouped)
    }
    let bytes = try asFlatFormat { () throws(FileError) in try index.bytes(at: 0, count: index.size) }
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONParser(depthLimit: 16, sizeLimit: sizeLimit).parse(bytes)
    } catch { throw broken(index, "text", "JSON", "\(error)") }
    guard case .object(let root) = document, case .object(let map)? = root["weight_map"] else {
      throw broken(index, "weight_map", "an object from groups to files", "none")
    }
    var known: Set<TensorName> = []
    var shards: [String] = []
    var groups: [TensorName] = []
    for member in map.members {
      let names: [JSONValue] = if case .array(let list) = member.value { list } else { [member.value] }
      for value in names {
        guard case .string(let name) = value, ShardName.isBare(name) else {
          throw broken(
            index, "weight_map, \(TensorName(member.key).quoted)", "bare names of files", value.kindName)
        }
        if known.insert(TensorName(name)).inserted { shards.append(name) }
      }
      guard shards.count <= shardLimit else {
        throw broken(index, "weight_map", "at most \(shardLimit) files", "more")
      }
      groups.append(TensorName(member.key.hasPrefix("/") ? String(member.key.dropFirst()) : member.key))
    }
    return (shards, groups)
  }

  private static func broken(
    _ index: ReadableFile, _ place: String, _ expected: String, _ found: String
  ) -> FlatFormatError {
    .refused(.kerasShards, path: index.path, place: place, expected: expected, found: found)
  }
}
