import Foundation
import HDF5Kit
import Testing

/// One committed HDF5 file with what h5py read from it (see Tests/Fixtures/hdf5/make.py).
struct HDF5Fixture: CustomTestStringConvertible {
  struct Entry {
    let path: String
    let attribute: String?
    let shape: [Int]
    let isNull: Bool
    let type: [String: Any]
    let bytes: [UInt8]
  }

  let name: String
  let bytes: [UInt8]
  let entries: [Entry]
  /// Paths (with `@attribute`) that must be refused, and the words that their sentence must contain.
  let refused: [String: String]

  var testDescription: String { name }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/hdf5")

  /// Every file of make.py; listed, so that a missing file fails a test.
  static let names = [
    "earliest", "v108", "default", "v110", "latest", "userblock", "ordered", "links_earliest", "links_v108",
    "refused_earliest", "refused_v108", "refused_latest",
  ]

  init(_ name: String) throws {
    self.name = name
    bytes = Array(try Data(contentsOf: Self.folder.appending(path: name + ".h5")))
    let raw = Array(try Data(contentsOf: Self.folder.appending(path: name + ".bin")))
    let json = try JSONSerialization.jsonObject(
      with: Data(contentsOf: Self.folder.appending(path: name + ".json")))
    let table = try #require(json as? [String: Any])
    refused = try #require(table["refused"] as? [String: String])
    entries = try #require(table["entries"] as? [[String: Any]]).map { entry in
      let parts = try #require(entry["path"] as? String).split(separator: "@", maxSplits: 1).map(String.init)
      let offset = try #require(entry["offset"] as? Int)
      return Entry(
        path: parts[0], attribute: parts.count > 1 ? parts[1] : nil,
        shape: try #require(entry["shape"] as? [Int]), isNull: try #require(entry["null"] as? Bool),
        type: try #require(entry["type"] as? [String: Any]),
        bytes: Array(raw[offset..<offset + (try #require(entry["count"] as? Int))]))
    }
  }

  func open() throws -> HDF5File { try HDF5File(bytes, name: name + ".h5") }
}

/// A datatype in the words of the fixtures' JSON.
func describe(_ type: HDF5Datatype) -> NSDictionary {
  var facts: [String: Any] = ["size": type.size]
  func order(_ order: HDF5Datatype.ByteOrder) -> String { order == .big ? "big" : "little" }
  switch type.kind {
  case .integer(let format):
    facts["class"] = "integer"
    facts["order"] = order(format.order)
    facts["signed"] = format.isSigned
    facts["precision"] = format.precision
    facts["offset"] = format.bitOffset
  case .float(let format):
    facts["class"] = "float"
    facts["order"] = order(format.order)
    facts["fields"] = [
      format.signLocation, format.exponentLocation, format.exponentSize, format.mantissaLocation,
      format.mantissaSize,
    ]
    facts["bias"] = format.exponentBias
    facts["precision"] = format.precision
    facts["offset"] = format.bitOffset
  case .string(let format):
    facts["class"] = "string"
    facts["padding"] = Int(format.padding.rawValue)
    facts["set"] = Int(format.characterSet.rawValue)
  case .opaque(let tag):
    facts["class"] = "opaque"
    facts["tag"] = String(decoding: tag, as: UTF8.self)
  case .compound(let members):
    facts["class"] = "compound"
    facts["members"] = members.map { [$0.name.description, $0.offset, describe($0.type)] as [Any] }
  case .array(let dimensions, let element):
    facts["class"] = "array"
    facts["dimensions"] = dimensions
    facts["element"] = describe(element)
  case .enumeration(let base, let values):
    facts["class"] = "enumeration"
    facts["base"] = describe(base)
    facts["names"] = values.map(\.name.description)
    facts["values"] = values.map { value in
      let number = value.bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let unused = 64 - 8 * value.bytes.count
      return Int((Int64(bitPattern: number) << unused) >> unused)
    }
  case .refused(let name): facts["class"] = name
  }
  return facts as NSDictionary
}

/// The error that `body` throws, or nil.
func failure(_ body: () throws(HDF5Error) -> Void) -> HDF5Error? {
  do throws(HDF5Error) {
    try body()
    return nil
  } catch {
    return error
  }
}
