import TestSupport
import Testing
import Validation

@testable import UnitCheckpoints

/// A malformed file, and the rule that must find it.
struct RuleFixture: CustomStringConvertible, Sendable {
  let rule: RuleID
  let severity: Severity
  let label: String
  /// The words that the finding's place and message must contain.
  let words: [String]
  /// Whether the rule is about a folder.
  var isFolder = false
  /// Writes the file and returns its path.
  let make: @Sendable (TemporaryFolder) throws -> String

  var description: String { "\(rule.rawValue): \(label)" }

  /// A golden checkpoint with a change.
  static func forged(
    _ rule: RuleID, _ label: String, _ golden: GoldenCheckpoint = .grid, severity: Severity = .error,
    sealed: Bool = true, extra: [UInt8] = [], says words: String...,
    by forge: @escaping @Sendable (inout CheckpointForger) throws -> Void
  ) -> RuleFixture {
    RuleFixture(rule: rule, severity: severity, label: label, words: words) { folder in
      var forger = try CheckpointForger(path: golden.path)
      try forge(&forger)
      return try folder.write(
        sealed ? try forger.sealed(extra: extra) : try forger.unsealed() + extra, as: "m.h5")
    }
  }

  /// A committed flat file with a change.
  static func flat(
    _ rule: RuleID, _ label: String, _ name: String, says words: String...,
    by change: @escaping @Sendable (inout [UInt8]) -> Void
  ) -> RuleFixture {
    RuleFixture(rule: rule, severity: .error, label: label, words: words) { folder in
      var bytes = try TemporaryFolder.bytes(of: "\(SourceFolder.fixtures)/flat/\(name)")
      change(&bytes)
      return try folder.write(bytes, as: name)
    }
  }

  /// One for each forged checkpoint, because each defect belongs to a rule.
  static let defects = ForgedCheckpoint.all.map { forged in
    RuleFixture(rule: RuleID(forged.defect), severity: .error, label: "\(forged)", words: []) { folder in
      try folder.write(try forged.bytes(), as: "m.h5")
    }
  }

  static let all = defects + container + index + plan + graph + flat + pytorch + keras + folders

  static let container = [
    forged(.identity, "another format", says: "format") { $0.format = "tessera.checkpoinX" },
    forged(.identity, "another version, although the seal fits this one", sealed: false, says: "3.0") {
      forger in
      let name = try #require(
        forger.file.indices.first { forger.file[$0...].starts(with: "layout_version".utf8) })
      // After the extents, which are 2 as well.
      let value = try #require(
        (name..<name + 90).last { forger.file[$0...].starts(with: [2, 0, 0, 0, 0, 0, 0, 0]) })
      try forger.replaceInRoot([2], by: [3], after: value)
    },
    forged(.structure, "a damaged signature", sealed: false, says: "superblock at byte 0", "88 48 44 46") {
      $0.change(at: 0, by: 1)
    },
    RuleFixture(rule: .structure, severity: .error, label: "truncated", words: ["(truncated?)"]) { folder in
      try folder.write(
        Array(try TemporaryFolder.bytes(of: GoldenCheckpoint.grid.path).dropLast()), as: "m.h5")
    },
    forged(.structure, "a broken group of a unit", says: "/intra/1") { forger in
      // The signature of the group's object header.
      forger.change(at: try forger.groupAddress(of: "intra/1"), by: 0x70)
    },
    forged(.links, "a soft link", severity: .note, says: "/intra/1/F32", "a soft link") {
      try $0.makeSoft("intra/1", "F32")
    },
    forged(.dataset, "reached by a soft link", says: "/intra/1/F32") { try $0.makeSoft("intra/1", "F32") },
    forged(.placement, "bytes behind the end", severity: .note, extra: [0], says: "another tool") { _ in },
    forged(
      .metadataChecksum, "padding between datasets", sealed: false, says: "/: expected the bytes outside"
    ) {
      // After the 264 bytes of the section.
      $0.change(at: try $0.address(of: "inter/0-2/F32") + 264)
    },
  ]

  static let index = [
    forged(.names, "control characters", .types, severity: .note, says: "control characters", "50%") { _ in },
    forged(.names, "no name", .types, severity: .note, says: "tensor ''") { _ in },
    forged(.names, "a link escaped in small letters", .types, says: "a%2fb", "'a/b'") { try $0.misspell() },
    forged(.unlistedDataset, "a link that is no tensor's", .types, severity: .warning, says: "/tensors/a%2fb")
    {
      try $0.misspell()
    },
    forged(.unlistedDataset, "a group of a unit that there is not", severity: .warning, says: "/intra/3") {
      forger in
      var more = forger.datasets[0]
      more.path = "intra/3/F32"
      forger.datasets.append(more)
    },
    forged(.unlistedDataset, "another dtype of a unit", severity: .warning, says: "/intra/1/F16") { forger in
      var more = forger.datasets[0]
      more.path = "intra/1/F16"
      forger.datasets.append(more)
    },
    forged(.unlistedDataset, "private tensors of no scope", severity: .warning, says: "/private") { forger in
      var more = forger.datasets[0]
      more.path = "private/0/common/F32"
      forger.datasets.append(more)
    },
    forged(.dataset, "no link of that name", .types, says: "/tensors/a%2Fb", "found none") {
      try $0.misspell()
    },
    forged(
      .shapes, "an attribute with another dtype", .types, says: "/tensors/u8.scalar", "F8_E5M2", "F8_E5M3"
    ) {
      try $0.dataset("tensors/u8.scalar") { $0.dtype = "F8_E5M3" }
    },
    forged(.shapes, "no attribute", .types, says: "/tensors/u8.scalar", "no attribute") {
      try $0.dataset("tensors/u8.scalar") { $0.dtype = nil }
    },
    forged(.shapes, "another shape", .types, says: "/tensors/a%2Fb", "[2, 1]", "[2]") {
      try $0.dataset("tensors/a%2Fb") { $0.shape = [2] }
    },
    forged(.shapes, "a section of two dimensions", says: "/intra/0/F32", "[39]", "[3, 13]") {
      try $0.dataset("intra/0/F32") { $0.shape = [3, 13] }
    },
    forged(.units, "a unit that no plan knows", says: "segments row 1", "2000") {
      $0.tables.segments[1].unit = 2000
    },
    forged(.plan, "a unit of an expert that no plan knows", says: "'expert'", "units") { forger in
      let rows = forger.append(units: [1])
      try forger.tensor("expert") { $0.units = rows }
      try forger.section("intra/1/F32") { $0.units = rows }
      let bytes = ["intra/1/F32", "intra/2/F32"].map { path in
        forger.datasets.first { $0.path == path }?.bytes ?? []
      }
      try forger.resize("intra/1/F32", bytes[0] + [UInt8](repeating: 7, count: 24))
      try forger.resize("intra/2/F32", Array(bytes[1].dropLast(24)))
      try forger.rebuild()
      forger.repage()
    },
    forged(.plan, "other owners", .owners, says: "'a'", "owners") {
      try $0.replan("[3, 3, 3, 3]", by: "[2, 4, 3, 3]")
    },
    forged(.pageChecksum, "a flipped owner", .owners, says: "/tensors/a.owner") {
      $0.change(at: try $0.address(of: "tensors/a.owner"), by: 1)
    },
    forged(.modelDigest, "another digest in the seal", says: "/tessera/seal") { $0.modelSHA256[0] ^= 1 },
    forged(.digest, "another digest of a tensor", says: "'conv.weight'") {
      $0.tables.tensors[0].sha256[3] ^= 1
    },
    forged(.nonFinite, "NaN among the weights", severity: .note, says: "'conv.weight'", "NaN") { _ in },
  ]

  static let plan = [
    forged(.plan, "no JSON", says: "/tessera/plan") { $0.tables.plan[0] = UInt8(ascii: "[") },
    forged(.plan, "other units", says: "axes") { try $0.replan("[3, 1, 4]", by: "[1, 3, 4]") },
    forged(.plan, "another unit of an expert", says: "'expert'", "units") {
      try $0.replan(#""units": [2]"#, by: #""units": [1]"#)
    },
    forged(.levels, "a unit twice in an order", says: "/tessera/plan") {
      try $0.replan("[2, 0, 1]", by: "[2, 0, 0]")
    },
    forged(.levels, "a unit there is not", says: "task 'a'", "below 3, found 7") {
      try $0.replan("[2, 0, 1]", by: "[2, 7, 1]")
    },
    forged(.levels, "more units than the order has", says: "level 2", "found 9") {
      try $0.replan(#""levels": [1, 3]"#, by: #""levels": [1, 9]"#)
    },
    forged(.levels, "no level", says: "at least one level") { try $0.replan("[1, 3]", by: "[]") },
    forged(.nesting, "levels that descend", severity: .note, says: "task 'a'", "level 2") {
      try $0.replan(#""levels": [1, 3]"#, by: #""levels": [3, 1]"#)
    },
    forged(.scopes, "a compact tensor of another level's size", .privates, says: "'bn.1'") {
      try $0.replan(#""levels": [1, 2]"#, by: #""levels": [2, 2]"#)
    },
    forged(.plan, "a private tensor that everyone has in the plan", .privates, says: "'head.b'", "users") {
      try $0.replan(#","private":["head.b"]"#, by: "", or: (#""private": ["head.b"]"#, #""norm": "running""#))
    },
    forged(
      .halfCut, "a head that reads more channels than its level has", .privates, severity: .warning,
      says: "'head.b'", "plan the weights again with --cut 'head.b=-,c' before the others"
    ) { try $0.replan(#""levels": [2]"#, by: #""levels": [1]"#) },
    forged(.sourceHeader, "a header of other tensors", says: "/tessera/headers/0", "'bins'") {
      try CheckpointForger.replace(&$0.headers[0], #""bias":{"#, by: #""bins":{"#)
    },
  ]

  /// Weights with a header of this JSON and `body` bytes of ones.
  private static func weights(_ json: String, body: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt64(json.utf8.count).littleEndian) { Array($0) } + Array(json.utf8)
      + [UInt8](repeating: 0xFF, count: body)
  }

  static let flat = [
    RuleFixture(
      rule: .shapes, severity: .error, label: "a size of another shape", words: ["'a'", "12 bytes"]
    ) {
      folder in
      let json = #"{"a":{"dtype":"U16","shape":[2,3],"data_offsets":[0,2]}}"#
      return try folder.write(weights(json, body: 2), as: "w.safetensors")
    },
    RuleFixture(rule: .nonFinite, severity: .note, label: "NaN in a flat file", words: ["'a'", "2 NaN"]) {
      folder in
      let json = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
      return try folder.write(weights(json, body: 8), as: "w.safetensors")
    },
    RuleFixture(
      rule: .format, severity: .error, label: "a checkpoint with another name",
      words: ["safetensors", "HDF5"]
    ) { folder in
      try folder.write(try TemporaryFolder.bytes(of: GoldenCheckpoint.grid.path), as: "m.safetensors")
    },
    RuleFixture(
      rule: .unexamined, severity: .note, label: "a group that no reader uses",
      words: ["/notes", "which no reader uses"]
    ) { folder in
      try folder.write(
        try TemporaryFolder.bytes(of: "\(SourceFolder.fixtures)/foreign/notes.h5"), as: "m.h5")
    },
    flat(.tiles, "a byte is missing", "plain.safetensors", says: "body") { $0.removeLast() },
    RuleFixture(rule: .shards, severity: .error, label: "a tensor in no shard", words: ["'x'"]) { folder in
      let map = #"{"weight_map": {"a": "s.safetensors", "x": "s.safetensors"}}"#
      _ = try folder.write(SampleWeights.bytes([("a", "U8", [3])]), as: "s.safetensors")
      return try folder.write(Array(map.utf8), as: "model.safetensors.index.json")
    },
    flat(.structure, "a broken header", "plain.safetensors") { $0[8] = UInt8(ascii: "[") },
    flat(.structure, "no directory", "stored.npz") { $0.removeLast(8) },
    flat(.memberChecksum, "a changed byte of data", "stored.npz", says: "CRC") { bytes in
      // The last byte of the first member, before the second one's local header.
      let second = bytes.indices.dropFirst(4).first { bytes[$0...].starts(with: [0x50, 0x4B, 3, 4]) } ?? 0
      bytes[second - 1] ^= 0x10
    },
  ]
}
