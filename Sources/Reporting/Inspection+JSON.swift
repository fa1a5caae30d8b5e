package import StrictJSON
internal import Tensors

extension Inspection {
  /// The inspection in the form of `schemas/inspect.schema.json`.
  package var json: JSONValue {
    var members: [JSONMember] = [
      .init(key: "format", value: "tessera.inspect/1"), .init(key: "file", value: .string(file)),
      .init(key: "kind", value: .string(kind)),
    ]
    if let modelDigest { members.append(.init(key: "sha256", value: .string(modelDigest.description))) }
    if let checkpoint { members += checkpoint.members }
    if !files.isEmpty { members.append(.init(key: "files", value: Self.list(files))) }
    if !added.isEmpty {
      let rows = added.map { input in
        object(
          [
            ("task", .string(input.task)), ("kind", .string(input.kind)),
            ("tensors", JSONValue(input.tensors)),
          ] + (input.files.isEmpty ? [] : [("files", Self.list(input.files))]))
      }
      members.append(.init(key: "added", value: .array(rows)))
    }
    if !metadata.isEmpty {
      // The keys are distinct: the formats refuse a duplicate.
      let object = JSONObject(metadata.map { JSONMember(key: $0.key, value: .string($0.value)) })
      members.append(.init(key: "metadata", value: .object(object ?? JSONObject())))
    }
    if !notes.isEmpty { members.append(.init(key: "notes", value: .array(notes.map(\.json)))) }
    members.append(.init(key: "left_out", value: .array(leftOut.json())))
    if let all = view.all { members.append(.init(key: "tensors_in_file", value: JSONValue(all))) }
    let listed = view.order?.sorted(tensors) ?? tensors
    if let tree = view.tree {
      members.append(
        .init(
          key: "modules", value: ModuleTree(listed).json(depth: tree.depth, isBySize: view.order == .size)))
    }
    members.append(.init(key: "tensors", value: .array(listed.map(\.json))))
    return .object(JSONObject(members) ?? JSONObject())
  }

  /// Files, each with its name and its digest.
  private static func list(_ files: [(name: String, digest: String)]) -> JSONValue {
    .array(files.map { object([("name", .string($0.name)), ("sha256", .string($0.digest))]) })
  }
}

extension Inspection.Note {
  fileprivate var json: JSONValue {
    .object(
      JSONObject([
        .init(key: "kind", value: .string(kind)), .init(key: "place", value: .string(place)),
        .init(key: "message", value: .string(message)),
      ]) ?? JSONObject())
  }
}

extension Inspection.Tensor {
  fileprivate var json: JSONValue {
    var members: [JSONMember] = [
      .init(key: "name", value: .string(spec.name.text)),
      .init(key: "dtype", value: .string(spec.dtype.rawValue)),
      .init(key: "shape", value: .array(spec.shape.map { JSONValue($0) })),
      .init(key: "bytes", value: JSONValue(spec.byteCount)),
    ]
    if let digest { members.append(.init(key: "sha256", value: .string(digest.description))) }
    if let tiedTo { members.append(.init(key: "tied_to", value: .string(tiedTo.text))) }
    if let statistics { members.append(.init(key: "stats", value: statistics.json)) }
    return .object(JSONObject(members) ?? JSONObject())
  }
}

extension Inspection.Checkpoint {
  fileprivate var members: [JSONMember] {
    [
      .init(key: "units", value: JSONValue(units)),
      .init(key: "axes", value: .array(axes.map(\.json))),
      .init(key: "tasks", value: .array(tasks.map(\.json))),
    ] + (parts.isEmpty ? [] : [.init(key: "parts", value: .array(parts.map { .string($0) }))])
  }
}

extension Inspection.Axis {
  fileprivate var json: JSONValue {
    .object(
      JSONObject([
        .init(key: "name", value: .string(name)), .init(key: "size", value: JSONValue(size)),
        .init(key: "units", value: .array(units.map { JSONValue($0) })),
        .init(key: "common", value: JSONValue(common)),
      ]) ?? JSONObject())
  }
}

extension Inspection.Task {
  fileprivate var json: JSONValue {
    var members: [JSONMember] = [
      .init(key: "name", value: .string(name)), .init(key: "order", value: Self.numbers(order)),
      .init(key: "levels", value: .array(levels.map(Self.numbers))),
    ]
    if !levelNames.isEmpty {
      members.append(.init(key: "level_names", value: .array(levelNames.map { .string($0) })))
    }
    if !axes.isEmpty {
      let object = JSONObject(
        axes.map { axis in
          JSONMember(
            key: axis.name,
            value: .object(
              JSONObject([
                .init(key: "order", value: Self.numbers(axis.order)),
                .init(key: "levels", value: .array(axis.levels.map(Self.numbers))),
              ]) ?? JSONObject()))
        })
      members.append(.init(key: "axes", value: .object(object ?? JSONObject())))
    }
    return .object(JSONObject(members) ?? JSONObject())
  }

  private static func numbers(_ values: [Int]) -> JSONValue { .array(values.map { JSONValue($0) }) }
}
