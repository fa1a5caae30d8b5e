import TestSupport
import Validation

@testable import UnitCheckpoints

/// A malformed file and the rule that must say so.
struct RuleFixture: CustomStringConvertible, Sendable {
  let rule: RuleID
  let severity: Severity
  let label: String
  /// What the finding's place and message hold.
  let words: [String]
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
      return try folder.write(sealed ? forger.sealed(extra: extra) : forger.file + extra, as: "m.h5")
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

  /// One for each forged checkpoint: its defect belongs to a rule.
  static let defects = ForgedCheckpoint.all.map { forged in
    RuleFixture(rule: RuleID(forged.defect), severity: .error, label: "\(forged)", words: []) { folder in
      try folder.write(try forged.bytes(), as: "m.h5")
    }
  }

  static let all = defects + container + index + plan + graph + flat + pytorch

  static let container = [
    forged(.identity, "another format", sealed: false, says: "format") {
      $0.replace(Array("tessera.checkpoint".utf8), by: Array("tessera.checkpoinX".utf8))
    },
    forged(.identity, "another version, although the seal fits this one", sealed: false, says: "2.0") {
      forger in
      let name = forger.file.indices.first { forger.file[$0...].starts(with: "layout_version".utf8) } ?? 0
      forger.replace([1, 0, 0, 0, 0, 0, 0, 0], by: [2], after: name + 56)
    },
    forged(.structure, "a damaged signature", sealed: false, says: "superblock at byte 0", "88 48 44 46") {
      $0.change(at: 0, by: 1)
    },
    RuleFixture(rule: .structure, severity: .error, label: "truncated", words: ["(truncated?)"]) { folder in
      try folder.write(
        Array(try TemporaryFolder.bytes(of: GoldenCheckpoint.grid.path).dropLast()), as: "m.h5")
    },
    forged(.structure, "a broken group of a unit", says: "/units/1") { forger in
      // The group's object header: its version.
      forger.change(at: try forger.groupAddress(of: "units/1"), by: 0x70)
    },
    forged(.links, "a soft link", severity: .note, says: "/units/0/bias", "a soft link") {
      try $0.makeSoft("units/0/bias")
    },
    forged(.dataset, "reached by a soft link", says: "/units/0/bias") { try $0.makeSoft("units/0/bias") },
    forged(.placement, "bytes behind the end", severity: .note, extra: [0], says: "another tool") { _ in },
    forged(.metadataChecksum, "padding of a name", sealed: false, says: "/: expected the bytes outside") {
      forger in
      let name = forger.file.indices.first { forger.file[$0...].starts(with: "layout_version".utf8) } ?? 0
      forger.change(at: name + 15)
    },
  ]

  static let index = [
    forged(.names, "control characters", .types, severity: .note, says: "control characters", "50%") { _ in },
    forged(.names, "no name", .types, severity: .note, says: "tensor ''") { _ in },
    forged(.names, "a link escaped in small letters", .types, sealed: false, says: "a%2fb", "'a/b'") {
      $0.replace(Array("a%2Fb".utf8), by: Array("a%2fb".utf8))
    },
    forged(
      .unlistedDataset, "a link that is no tensor's", .types, severity: .warning, sealed: false,
      says: "/tensors/a%2fb"
    ) { $0.replace(Array("a%2Fb".utf8), by: Array("a%2fb".utf8)) },
    forged(.dataset, "no link of that name", .types, sealed: false, says: "/tensors/a%2Fb", "found none") {
      $0.replace(Array("a%2Fb".utf8), by: Array("a%2fb".utf8))
    },
    forged(.shapes, "an attribute with another dtype", .types, says: "/units/1/f8", "F8_E4M3", "F8_E5M3") {
      $0.replace(Array("F8_E4M3".utf8), by: Array("F8_E5M3".utf8), after: try $0.address(of: "units/1/f8"))
    },
    forged(.units, "a block twice, of the size of one that is missing", says: "'conv.weight'", "once") {
      $0.coordinate(3, 0)
    },
    forged(.units, "a unit that no plan knows", says: "'expert'", "below 3, found 9") {
      $0.coordinate(-1, 9)
    },
    forged(.plan, "other owners", .owners, says: "'a'", "owners") {
      $0.replan("[3, 3, 3, 3]", by: "[2, 4, 3, 3]")
    },
    forged(.runChecksum, "a flipped owner", .owners, says: "/tensors/a.owner") { forger in
      var place = 0
      forger.dataset(4) { place = Int($0.address) }
      forger.change(at: place, by: 1)
    },
    forged(.modelDigest, "another digest in the seal", says: "/tessera/seal") { $0.changeModelDigest() },
    forged(.digest, "another digest of a tensor", says: "'conv.weight'") {
      $0.tensor(0) { $0.sha256[3] ^= 1 }
    },
    forged(.nonFinite, "NaN among the weights", severity: .note, says: "'conv.weight'", "NaN") { _ in },
  ]

  static let plan = [
    forged(.plan, "no JSON", says: "/tessera/plan") { $0[.plan][0] = UInt8(ascii: "[") },
    forged(.plan, "other units", says: "'bias'", "dimension 0") { $0.replan("[3, 1, 4]", by: "[1, 3, 4]") },
    forged(.plan, "another unit of an expert", says: "'expert'", "[1]") {
      $0.replan(#""units": [2]"#, by: #""units": [1]"#)
    },
    forged(.levels, "a unit twice in an order", says: "/tessera/plan") {
      $0.replan("[2, 0, 1]", by: "[2, 0, 0]")
    },
    forged(.levels, "a unit there is not", says: "task 'a'", "below 3, found 7") {
      $0.replan("[2, 0, 1]", by: "[2, 7, 1]")
    },
    forged(.levels, "more units than the order has", says: "level 2", "found 9") {
      $0.replan(#""levels": [1, 3]"#, by: #""levels": [1, 9]"#)
    },
    forged(.levels, "no level", says: "at least one level") { $0.replan("[1, 3]", by: "[    ]") },
    forged(.nesting, "levels that descend", severity: .note, says: "task 'a'", "level 2") {
      $0.replan(#""levels": [1, 3]"#, by: #""levels": [3, 1]"#)
    },
    forged(.scopes, "a compact tensor of another level's size", .privates, says: "'bn.1'") {
      $0.replan(#""levels": [1, 2]"#, by: #""levels": [2, 2]"#)
    },
    forged(.scopes, "a private tensor among the shared ones", .privates, says: "'head.b'", "/tensors") {
      $0.dataset(-1) { $0.owner = -2 }
    },
    forged(
      .halfCut, "a head that reads more channels than its level has", .privates, severity: .warning,
      says: "'head.b'", "add --cut 'head.b=-,c'"
    ) { $0.replan(#""levels": [2]"#, by: #""levels": [1]"#) },
    forged(.sourceHeader, "a header of other tensors", says: "/tessera/headers/0", "'bins'") {
      $0.replace(Array(#""bias":{"#.utf8), by: Array(#""bins":{"#.utf8))
    },
  ]

  static let flat = [
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
