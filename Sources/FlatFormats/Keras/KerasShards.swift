package import ByteFiles
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
    let (shards, homes) = try map(of: index)
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
      // Keras looks for a group in the files that the map gives for it, and in no other.
      for entry in survey.entries {
        let group = group(of: entry.spec)
        if let own = homes[group], !own.contains(TensorName(name)) {
          throw broken(
            index, "weight_map, \(group.quoted)",
            "the file \(TensorName(name).quoted), which has its variables",
            "another file")
        }
      }
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
      found.insert(group(of: entry.spec))
      guard known.insert(entry.spec.name).inserted else {
        throw broken(index, "tensor \(entry.spec.name.quoted)", "it in one file", "it in two")
      }
    }
    if let missing = homes.keys.sorted().first(where: { !found.contains($0) }) {
      throw broken(index, "weight_map", "files with the group \(missing.quoted)", "none with its variables")
    }
    if let extra = merged.entries.first(where: { homes[group(of: $0.spec)] == nil }) {
      throw broken(index, "weight_map", "the group of \(extra.spec.name.quoted)", "none")
    }
    var parts = HDF5Source.Parts()
    (parts.metadata, parts.leftOut) = (merged.attributes, merged.leftOut)
    (parts.remarks, parts.defects) = (merged.remarks, merged.defects)
    parts.chooseNumbered(merged, names)
    return HDF5Source(.keras, path: index.path, files: files, single: nil, parts)
  }

  /// The files and the paths of all groups in an index.
  /// The group of a variable.
  private static func group(of spec: TensorSpec) -> TensorName {
    TensorName(SystemPath.components(spec.name.text).dropLast().joined(separator: "/"))
  }

  fileprivate static func map(
    of index: ReadableFile
  ) throws(FlatFormatError) -> (shards: [String], homes: [TensorName: Set<TensorName>]) {
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
    var homes: [TensorName: Set<TensorName>] = [:]
    for member in map.members {
      let names: [JSONValue] = if case .array(let list) = member.value { list } else { [member.value] }
      var own: Set<TensorName> = []
      for value in names {
        guard case .string(let name) = value, ShardName.isBare(name) else {
          throw broken(
            index, "weight_map, \(TensorName(member.key).quoted)", "bare names of files", value.kindName)
        }
        own.insert(TensorName(name))
        if known.insert(TensorName(name)).inserted { shards.append(name) }
      }
      guard shards.count <= shardLimit else {
        throw broken(index, "weight_map", "at most \(shardLimit) files", "more")
      }
      guard !own.isEmpty else {
        throw broken(
          index, "weight_map, \(TensorName(member.key).quoted)", "at least one file", "an empty list")
      }
      homes[TensorName(member.key.hasPrefix("/") ? String(member.key.dropFirst()) : member.key)] = own
    }
    return (shards, homes)
  }

  private static func broken(
    _ index: ReadableFile, _ place: String, _ expected: String, _ found: String
  ) -> FlatFormatError {
    .refused(.kerasShards, path: index.path, place: place, expected: expected, found: found)
  }
}

extension FlatFormats {
  /// The names of the files with the weights, if a file is the index of several; else none.
  package static func parts(ofKerasIndex file: ReadableFile) -> [String] {
    guard KerasShards.matches(FileHead(of: file)) else { return [] }
    return (try? KerasShards.map(of: file))?.shards ?? []
  }
}
