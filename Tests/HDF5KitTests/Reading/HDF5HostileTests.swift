import Foundation
import HDF5Kit
import Testing

@Suite struct HDF5HostileTests {
  /// The folder beside the package, if there is one: public files of HDF5's CVEs, and well-formed odd ones.
  static let folder = HDF5Fixture.folder.deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/hostile")

  static func files(_ name: String) -> [URL] {
    let found = try? FileManager.default.contentsOfDirectory(
      at: folder.appending(path: name), includingPropertiesForKeys: nil)
    return (found ?? []).sorted { $0.path < $1.path }
  }

  static func announceSkip(_ name: String) {
    FileHandle.standardError.write(Data("SKIPPED: no \(folder.appending(path: name).path)\n".utf8))
  }

  @Test(arguments: [true, false])
  func everyFileBehindACVEEndsInTimeWithoutATrap(_ checksMetadata: Bool) throws {
    let files = Self.files("hdf5-cve")
    guard !files.isEmpty else { return Self.announceSkip("hdf5-cve") }
    #expect(files.count >= 145)
    var limits = HDF5Limits()
    limits.byteBudget = 64 << 20
    limits.checksMetadata = checksMetadata
    for url in files {
      let bytes = Array(try Data(contentsOf: url))
      _ = HDF5Exercise(bytes, name: url.lastPathComponent, limits: limits)
    }
  }

  /// odd.json holds what h5py found: byte count and CRC-32, or a word of the refusal.
  @Test func everyOddFileIsReadAsH5pyReadsItOrRefusedByName() throws {
    let files = Self.files("hdf5-odd")
    guard !files.isEmpty else { return Self.announceSkip("hdf5-odd") }
    let json = try JSONSerialization.jsonObject(
      with: Data(contentsOf: HDF5Fixture.folder.appending(path: "odd.json")))
    let table = try #require(json as? [String: Any])
    var compared = 0
    for url in files {
      let name = url.lastPathComponent
      let expected = try #require(table[name], "\(name) is not in odd.json")
      let bytes = Array(try Data(contentsOf: url))
      guard let entries = expected as? [[Any]] else {
        // h5py refuses it as well, because a writer left it open.
        #expect(failure { () throws(HDF5Error) in _ = try HDF5File(bytes, name: name) } != nil, "\(name)")
        compared += 1
        continue
      }
      let file = try HDF5File(bytes, name: name)
      for entry in entries {
        let path = try #require(entry[0] as? String)
        let found = outcome(file, path)
        if let word = entry[1] as? String {
          #expect(refusal(found)?.contains(word) == true, "\(name) \(path): \(found)")
        } else {
          let bytes = try? found.get()
          #expect(bytes?.count == entry[1] as? Int, "\(name) \(path): \(found)")
          #expect(bytes.map { Int(crc32($0)) } == entry[2] as? Int, "\(name) \(path)")
        }
        compared += 1
      }
    }
    #expect(files.count == table.count)
    #expect(compared == table.values.reduce(0) { $0 + (($1 as? [Any])?.count ?? 1) })
  }

  /// The bytes of a dataset, or of the attribute after `@`.
  private func outcome(_ file: HDF5File, _ path: String) -> Result<[UInt8], HDF5Error> {
    let parts = path.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    do throws(HDF5Error) {
      let object = parts[0].isEmpty ? HDF5Object.group(file.root) : try file.object(at: parts[0])
      let attributes: [HDF5Attribute]
      switch object {
      case .dataset(let dataset):
        if parts.count == 1 { return .success(try dataset.readBytes()) }
        attributes = try dataset.attributes()
      case .group(let group): attributes = try group.attributes()
      case .datatype: attributes = []
      }
      guard parts.count > 1, let attribute = attributes.first(where: { $0.name == HDF5Name(parts[1]) }) else {
        return .failure(.missing(file: file.name, path: path))
      }
      return .success(try attribute.bytes())
    } catch {
      return .failure(error)
    }
  }

  private func refusal(_ outcome: Result<[UInt8], HDF5Error>) -> String? {
    switch outcome {
    case .failure(.unsupported(_, _, let feature)): feature
    case .failure(.limit): "limit"
    default: nil
    }
  }

  /// CRC-32 as zlib and Python compute it.
  private func crc32(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = ~0
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0xEDB8_8320 }
    }
    return ~sum
  }
}
