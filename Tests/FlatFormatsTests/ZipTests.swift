import ByteFiles
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing

@testable import FlatFormats
@testable import Zip

@Suite("Zip archives")
struct ZipTests {
  /// The rule for each of yauzl's broken archives, by the beginning of the file's name. "Unexpected EOF" means that the
  /// file ends before a local header.
  static let broken: [(String, ZipRule)] = [
    (
      "End of central directory record signature not found Either not a zip file or file is truncated.",
      .end
    ),
    (
      "End of central directory record signature not found Either not a zip file or file is truncated_1.",
      .end
    ),
    ("Invalid comment length", .comment), ("absolute path C xt", .name),
    ("absolute path atxt", .name),
    ("compressed uncompressed size mismatch", .storedSize), ("extra field length exceeds", .extra),
    ("file data overflows", .dataBounds),
    ("invalid central directory file header", .directorySignature),
    ("invalid characters in fileName", .name), ("invalid code lengths set", .deflate),
    ("invalid local file header", .localSignature), ("invalid relative path", .name),
    ("invalid zip64 end of central", .end64), ("multi-disk", .disks), ("not enough bytes", .short),
    ("strong encryption", .encrypted), ("too many bytes", .long),
    ("too many length or distance", .deflate),
    ("unexpected EOF", .dataBounds), ("unsupported compression method 1", .method),
    ("zip64 extended information extra field does not include compressed", .extra64),
    ("zip64 extended information extra field does not include relative", .extra64),
    ("zip64 extended information extra field does not include uncompressed", .extra64),
  ]

  @Test("yauzl's broken archives are refused for what their names say", .enabled(if: hostile != nil))
  func brokenArchives() throws {
    let folder = try #require(hostile) + "/zip-bad"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    for (prefix, rule) in Self.broken {
      let name = try #require(names.first { $0.hasPrefix(prefix) }, "\(prefix)")
      let error = refusal { try Self.readEverything(folder + "/" + name) }
      #expect(error?.defect == .zip(rule), "\(name): \(error?.description ?? "no error")")
    }
    #expect(names.count == Self.broken.count)
  }

  @Test("yauzl's unusual archives are listed", .enabled(if: hostile != nil))
  func unusualArchives() throws {
    let folder = try #require(hostile) + "/zip-good"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(names.count == 22)
    for name in names {
      let archive = try ZipArchive(try ReadableFile(path: folder + "/" + name))
      #expect(archive.entries.isEmpty == (name == "empty.zip"), "\(name)")
    }
  }

  @Test("picklescan's arrays are read, or left out as Python objects", .enabled(if: hostile != nil))
  func picklescan() throws {
    let folder = try #require(hostile) + "/pickle/"
    for name in ["int_array.npy", "int_arrays.npz", "int_arrays_compressed.npz"] {
      #expect(try readAll(folder + name).allSatisfy { !$0.isEmpty })
    }
    for name in ["object_array.npy", "dns_exfiltration.npy"] {
      #expect(refusal { _ = try readAll(folder + name) }?.defect == .format(.npyObject), "\(name)")
    }
    for name in ["object_arrays.npz", "object_arrays_compressed.npz"] {
      let source = try open(folder + name)
      #expect(source.tensors.isEmpty && !source.leftOut.isEmpty, "\(name)")
      #expect(source.leftOut.allSatisfy { $0.why.contains("Python objects") && $0.fate == .lost }, "\(name)")
    }
  }

  @Test("legal oddities are read: descriptor, zip64 fields, comment, padding in the extra field, a gap")
  func oddities() throws {
    let array = ZipBytes.array().members[0].data
    let size = bytes(UInt64(array.count))
    let cases: [ZipBytes] = [
      .array { $0.extra = [0, 0, 0] }, .array { $0.localExtra = [0xFB, 0xCA, 2, 0, 7, 7] },
      ZipBytes.array().with { $0.comment = Array("a comment".utf8) },
      ZipBytes.array().with { $0.gap = [1, 2, 3] },
      .array {
        $0.flags = 8
        $0.localSize = 0
      },
      .array {
        $0.size = .max
        $0.compressedSize = .max
        $0.extra = [1, 0, 16, 0] + size + size
        $0.localExtra = [1, 0, 16, 0] + size + size
      },
      .array {
        $0.name = Array("w:0.npy".utf8)
      },
    ]
    let folder = try TemporaryFolder()
    for (number, zip) in cases.enumerated() {
      let path = try folder.write(zip.file, as: "\(number).npz")
      #expect(try readAll(path) == [Array(array.suffix(12))], "case \(number)")
    }
  }

  @Test("an archive of more than 65,535 members is written with zip64 records and read")
  func manyMembers() throws {
    let folder = try TemporaryFolder()
    let samples = try (0..<65_537).map { try Sample(.init("t\($0)"), .u8, [$0 % 2], salt: $0) }
    try write(samples, to: folder.file("w.npz"), kind: .npz)
    let source = try open(folder.file("w.npz"))
    #expect(source.tensors.count == samples.count)
    #expect(try contents(source, 65_535) == samples[65_535].bytes)
  }

  @Test("numbers above 2 GiB go to zip64 fields as Python writes them")
  func largeFields() throws {
    var entry = ZipCentralEntry(name: Array("a.npy".utf8), size: 1 << 33, start: 1 << 34)
    entry.crc = 0x0102_0304
    let fields = ByteFields(entry.centralHeader)
    #expect(
      fields.u32(20) == .max && fields.u32(24) == .max && fields.u32(42) == .max && fields.u16(30) == 28)
    #expect(fields.u64(46 + 5 + 4) == 1 << 33 && fields.u64(46 + 5 + 20) == 1 << 34)
    let end = ByteFields(
      ZipEndWriter.records(entries: 2, directoryStart: 1 << 34, directorySize: 77, comment: []))
    #expect(end.count == 56 + 20 + 22 && end.u64(48) == 1 << 34 && end.u64(64) == 1 << 34 + 77)
    #expect(end.u32(76 + 16) == .max && end.u16(76 + 8) == 2 && end.u32(76 + 12) == 77)
  }

  private static func readEverything(_ path: String) throws {
    let file = try ReadableFile(path: path)
    do throws(ZipError) {
      let archive = try ZipArchive(file)
      for entry in archive.entries { try archive.stream(of: entry).skip(entry.size) }
    } catch { throw FlatFormatError(error) }
  }
}
