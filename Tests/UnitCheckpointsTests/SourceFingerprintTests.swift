import ByteFiles
import Conversion
import FlatFormats
import Foundation
import Tensors
import TestSupport
import Testing
import UnitModel

@testable import UnitCheckpoints

@Suite("Fingerprints of source files")
struct SourceFingerprintTests {
  private static func fingerprint(
    _ files: [[UInt8]], root: String? = nil, in folder: TemporaryFolder
  ) throws -> SourceFingerprint {
    try SourceFingerprint(root: root, count: files.count) { number in
      // Another name each time: names must not matter.
      let path = try folder.write(files[number], as: "\(UInt64.random(in: 0...UInt64.max)).bin")
      return try ReadableFile(path: path)
    }
  }

  private static func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 >> 8) }
  }

  @Test("a change of any sampled byte is seen, and a change between samples is not")
  func samples() throws {
    let folder = try TemporaryFolder()
    let size = 1_000_003
    var file = Self.bytes(size)
    let known = try Self.fingerprint([file], in: folder)
    // The specification's rule, written again.
    let windows = (0..<64).map { (size - 4096) * $0 / 63..<(size - 4096) * $0 / 63 + 4096 }
    #expect(windows[0].lowerBound == 0 && windows[63].upperBound == size)
    for window in windows {
      for place in [window.lowerBound, window.lowerBound + 2000, window.upperBound - 1] {
        file[place] ^= 1
        #expect(try Self.fingerprint([file], in: folder) != known, "\(place)")
        file[place] ^= 1
      }
    }
    // A fingerprint does not see a change in the gaps between samples.
    for window in windows.dropLast() {
      for place in [window.upperBound, window.upperBound + 5000] { file[place] ^= 1 }
    }
    #expect(try Self.fingerprint([file], in: folder) == known)
  }

  @Test("a file of at most 256 KiB is compared whole, and so is its size")
  func small() throws {
    let folder = try TemporaryFolder()
    for size in [1, 4096, 4097, 262_144] {
      var file = Self.bytes(size)
      let known = try Self.fingerprint([file], in: folder)
      for place in Set([0, size / 2, size * 2 / 3, size - 1]) {
        file[place] ^= 1
        #expect(try Self.fingerprint([file], in: folder) != known, "\(size) \(place)")
        file[place] ^= 1
      }
      #expect(try Self.fingerprint([file + [0]], in: folder) != known)
      #expect(try Self.fingerprint([file], in: folder) == known)
    }
    // All windows are of zeros.
    let zeros = [UInt8](repeating: 0, count: 500_000)
    #expect(try Self.fingerprint([zeros], in: folder) != Self.fingerprint([zeros + [0]], in: folder))
  }

  @Test("the order of the files, their borders and the root matter")
  func structure() throws {
    let folder = try TemporaryFolder()
    let all = try [
      Self.fingerprint([], in: folder), Self.fingerprint([[]], in: folder),
      Self.fingerprint([[1, 2], [3]], in: folder), Self.fingerprint([[1], [2, 3]], in: folder),
      Self.fingerprint([[3], [1, 2]], in: folder), Self.fingerprint([[1, 2, 3]], in: folder),
      Self.fingerprint([[1, 2], [3]], root: "ema", in: folder),
      Self.fingerprint([[1, 2], [3]], root: "model", in: folder),
    ]
    #expect(Set(all.map(\.text)).count == all.count)
  }

  @Test("a set of many files is read in few samples, which never leave a file")
  func windows() {
    #expect(
      [0, 1, 64, 65, 512, 513, 65_536].map { SourceFingerprint.windowCount(files: $0) }
        == [64, 64, 64, 63, 8, 8, 8])
    for size in [0, 1, 4095, 32_768, 32_769, 40_000, 1 << 40, Int.max] {
      let windows = SourceFingerprint.windows(size: size, most: 8)
      #expect(windows.count <= 8 && windows.allSatisfy { $0.upperBound <= size && $0.count <= 4096 })
      if size > 0 { #expect(windows.first?.lowerBound == 0 && windows.last?.upperBound == size) }
      if size <= 32_768 { #expect(windows.reduce(0) { $0 + $1.count } == size) }
    }
  }

  /// The value is that of the package xxhash for Python, over the bytes that the specification lists.
  @Test("the fingerprint is that of the specification")
  func golden() throws {
    let folder = try TemporaryFolder()
    let found = try Self.fingerprint([Self.bytes(1_000_003), [1, 2, 3]], root: "ema", in: folder)
    #expect(found.text == "d8f602b5ddde87e4")
  }

  @Test("a part's document holds the fingerprint, and is refused without it")
  func document() throws {
    for value in [0, 1, 0xFEDC_BA98_7654_3210, UInt64.max] {
      let source = SourceFingerprint(value)
      let part = CheckpointPart(1, of: 2, sizes: [4, 4], ties: [nil, nil], from: source)
      #expect(CheckpointPart(part.text, tensorCount: 2) == part)
      let text = String(decoding: part.text, as: UTF8.self)
      try #require(text.contains("\"fingerprint\": \"\(source.text)\""))
      for wrong in [
        "", "1", source.text + "0", "+" + source.text.dropFirst(), "000000000000000g", "FFFFFFFFFFFFFFFF",
      ] {
        let changed = text.replacingOccurrences(of: source.text, with: wrong)
        #expect(CheckpointPart(Array(changed.utf8), tensorCount: 2) == nil, "\(wrong)")
      }
      let without = text.replacingOccurrences(of: "\"fingerprint\"", with: "\"other\"")
      #expect(CheckpointPart(Array(without.utf8), tensorCount: 2) == nil)
    }
  }

  // MARK: Sets

  /// Parts of the same tensors whose source files have these fingerprints.
  private static func write(_ values: [UInt64], in folder: TemporaryFolder) throws -> CheckpointContents {
    let source = try GoldenCheckpoint.grid.source(in: folder)
    let (contents, _) = try CheckpointContents.cutting(
      source, plan: try Plan(parsing: Array(GoldenCheckpoint.grid.plan.utf8)), planPath: "plan")
    let names = try #require(CheckpointSetNames(folder.file("m.h5")))
    for (place, value) in values.enumerated() {
      var part = contents
      _ = part.take(part: place + 1, of: values.count, from: SourceFingerprint(value))
      try FlatToUnits(source, contents: part, destination: names.path(place + 1, of: values.count)).run { _ in
      }
    }
    return contents
  }

  @Test("parts of other source files are refused in one sentence, in a folder and in a list")
  func refused() throws {
    let folder = try TemporaryFolder()
    let names = try #require(CheckpointSetNames(folder.file("m.h5")))
    _ = try Self.write([7, 7, 7], in: folder)
    let set = try CheckpointSet.open(partsOf: names)
    _ = try folder.write(Array(CheckpointSet.list(of: set).utf8), as: "m.h5.index.json")
    _ = try CheckpointSet.open(try ReadableFile(path: names.list))
    // The tensors are the same, so the digests in the list stay.
    _ = try Self.write([7, 7, 8], in: folder)
    for open in [
      { try CheckpointSet.open(partsOf: names) },
      { try CheckpointSet.open(try ReadableFile(path: names.list)) },
    ] as [() throws -> UnitCheckpoint] {
      let error = #expect(throws: CheckpointError.self) { try open() }
      let text = error.map { "\($0)" } ?? ""
      #expect(
        text.contains(
          "'m-00003-of-00003.h5': expected the source files of 'm-00001-of-00003.h5', found others: SOURCE has changed"
        )
          && !text.contains("\n"), "\(text)")
    }
  }

  @Test("an existing part of other source files is not complete")
  func existing() throws {
    let folder = try TemporaryFolder()
    var contents = try Self.write([7, 7], in: folder)
    for (value, expected) in [
      (7, nil), (8, "was made from other source files, or with another --root"),
    ] as [(UInt64, String?)] {
      _ = contents.take(part: 2, of: 2, from: SourceFingerprint(value))
      var reason: String?
      if case .other(let found) = CheckpointSet.existingPart(at: folder.file("m-00002-of-00002.h5"), contents)
      {
        reason = found
      }
      #expect(reason == expected)
    }
  }

  @Test("a single file has no fingerprint")
  func single() throws {
    let folder = try TemporaryFolder()
    let contents = try Self.write([7], in: folder)
    let source = try GoldenCheckpoint.grid.source(in: folder)
    try FlatToUnits(source, contents: contents, destination: folder.file("one.h5")).run { _ in }
    let one = try TemporaryFolder.bytes(of: folder.file("one.h5"))
    let part = try TemporaryFolder.bytes(of: folder.file("m-00001-of-00001.h5"))
    #expect(!String(decoding: one, as: UTF8.self).contains("\"fingerprint\""))
    #expect(String(decoding: part, as: UTF8.self).contains("\"fingerprint\""))
  }
}
