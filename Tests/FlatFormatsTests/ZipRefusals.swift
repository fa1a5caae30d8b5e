import ByteFiles
import TestSupport
import Zip

@testable import FlatFormats

private let good = ZipBytes.array()

/// A zip64 end record and its locator, for an archive whose directory begins at `start`.
private func zip64(
  start: UInt64, size: UInt64, entries: UInt64, signature: UInt32 = 0x0606_4B50, length: UInt64 = 44,
  record: UInt64? = nil, disks: UInt32 = 1
) -> [UInt8] {
  bytes(signature) + bytes(length) + [45, 0, 45, 0] + [UInt8](repeating: 0, count: 8) + bytes(entries)
    + bytes(entries) + bytes(size) + bytes(start) + bytes(UInt32(0x0706_4B50)) + bytes(UInt32(0))
    + bytes(record ?? (start + size)) + bytes(disks)
}

/// `good` with the zip64 records that `change` returns.
private func wideEnd(_ change: (UInt64, UInt64) -> [UInt8]) -> ZipBytes {
  let size = UInt64(46 + 5)
  let start = UInt64(good.file.count) - 22 - size
  return good.with {
    $0.beforeEnd = change(start, size)
    $0.entries = 0xFFFF
    $0.directorySize = .max
    $0.directoryStart = .max
  }
}

/// An archive with one array and an empty zip64 field, changed by `change`.
private func wide(_ change: (inout ZipBytes.Member) -> Void) -> ZipBytes {
  ZipBytes.array { member in
    member.extra = extra(1, [])
    change(&member)
  }
}

/// An archive with one deflated array, changed by `change`.
private func packed(_ change: (inout ZipBytes.Member) -> Void) -> ZipBytes {
  ZipBytes.array { member in
    member.method = 8
    member.size = UInt32(member.data.count)
    member.crc = crc32(member.data)
    member.data = deflated(member.data)
    change(&member)
  }
}

private func extra(_ id: UInt16, _ value: [UInt8]) -> [UInt8] {
  bytes(id) + bytes(UInt16(value.count)) + value
}

extension RefusalCase {
  /// Malformed archives; each has one wrong field.
  static let zipCases: [RefusalCase] = [
    .file(.zip(.end), "x.npz", "empty file", []),
    .file(.zip(.end), "x.npz", "cut off", Array(good.file.dropLast(23))),
    .file(.zip(.end), "x.npz", "another file", Array("PK, but no archive at all".utf8)),
    .zip(.comment, "bytes after the end", good.with { $0.tail = [1, 2, 3] }),
    .zip(.comment, "a comment that is not there", good.with { $0.commentSize = 1 }),
    .zip(.disks, "part 1", good.with { $0.disk = 1 }),
    .zip(.disks, "a member in part 1", .array { $0.disk = 1 }),
    .zip(.disks, "a locator of two parts", wideEnd { zip64(start: $0, size: $1, entries: 1, disks: 2) }),
    .zip(.end64, "no locator", good.with { $0.entries = 0xFFFF }),
    .zip(.end64, "another signature", wideEnd { zip64(start: $0, size: $1, entries: 1, signature: 7) }),
    .zip(.end64, "a different length", wideEnd { zip64(start: $0, size: $1, entries: 1, length: 45) }),
    .zip(.end64, "a record elsewhere", wideEnd { zip64(start: $0, size: $1, entries: 1, record: .max) }),
    .zip(
      .end64, "records that disagree",
      wideEnd { zip64(start: $0, size: $1, entries: 1) }.with { $0.entries = 2 }),
    .zip(.directoryBounds, "a directory that ends early", good.with { $0.directorySize = 50 }),
    .zip(.directoryBounds, "a directory elsewhere", good.with { $0.directoryStart = 0 }),
    .zip(.directoryBounds, "more entries than fit", good.with { $0.entries = 2 }),
    .zip(
      .directoryBounds, "a directory beyond 2^64",
      wideEnd { start, size in zip64(start: .max, size: size, entries: 1, record: start + size) }),
    .zip(.directorySignature, "another signature", .array { $0.centralSignature = 0x0101_4B50 }),
    .zip(.directorySize, "fewer entries than there are", good.with { $0.entries = 0 }),
    .zip(
      .directorySize, "an entry whose name is cut",
      good.with {
        let file = good.file
        $0.members = []
        $0.gap = Array(file[..<(file.count - 22 - 51)])
        $0.beforeEnd = Array(file[(file.count - 22 - 51)..<(file.count - 23)])
        $0.entries = 1
        $0.directorySize = 50
      }),
    .zip(
      .extra, "a field past its buffer", .array { $0.extra = bytes(UInt16(9)) + bytes(UInt16(5)) + [1] }),
    .zip(.extra, "a local field past its buffer", .array { $0.localExtra = [9, 0, 5, 0, 1] }),
    .zip(
      .extra, "two zip64 fields",
      .array { $0.extra = extra(1, [0, 0, 0, 0, 0, 0, 0, 0]) + extra(1, [0, 0, 0, 0, 0, 0, 0, 0]) }),
    .zip(.extra64, "no uncompressed size", wide { $0.size = .max }),
    .zip(.extra64, "no compressed size", wide { $0.compressedSize = .max }),
    .zip(.extra64, "no place", wide { $0.start = .max }),
    .zip(.dataBounds, "a place that is meant as it stands", .array { $0.start = .max }),
    .zip(.localSignature, "another signature", .array { $0.localSignature = 0x0303_4B50 }),
    .zip(.local, "another name", .array { $0.localName = Array("b.npy".utf8) }),
    .zip(.local, "another method", .array { $0.localMethod = 8 }),
    .zip(.local, "another size", .array { $0.localSize = 3 }),
    .zip(.local, "an encryption flag on one side", .array { $0.localFlags = 1 }),
    .zip(
      .local, "sizes left to a descriptor that only the directory knows of",
      .array {
        $0.flags = 8
        $0.localFlags = 0
      }),
    .zip(.dataBounds, "a header past the directory", .array { $0.start = 1_000_000 }),
    .zip(
      .dataBounds, "data past the directory",
      .array {
        $0.size = 2_147_483_647
        $0.compressedSize = 2_147_483_647
      }),
    .zip(
      .overlap, "two members of one place",
      ZipBytes([good.members[0], good.members[0]]).with {
        $0.members[1].name = Array("b.npy".utf8)
        $0.members[1].localName = Array("b.npy".utf8)
        $0.members[0].size = UInt32(good.members[0].data.count + 40)
        $0.members[0].compressedSize = UInt32(good.members[0].data.count + 40)
      }),
    .zip(.duplicateName, "a.npy twice", ZipBytes([good.members[0], good.members[0]])),
    .zip(.name, "absolute", .array { $0.name = Array("/a.npy".utf8) }),
    .zip(.name, "drive", .array { $0.name = Array("C:a.npy".utf8) }),
    .zip(.name, "drive and root", .array { $0.name = Array("c:/a.npy".utf8) }),
    .zip(.name, "..", .array { $0.name = Array("b/../../a.npy".utf8) }),
    .zip(.name, "backslash", .array { $0.name = Array("b\\a.npy".utf8) }),
    .zip(.name, "NUL", .array { $0.name = Array("a\0.npy".utf8) }),
    .zip(.name, "empty", .array { $0.name = [] }),
    .zip(.nameEncoding, "code page 437", .array { $0.name = [0x82] + Array(".npy".utf8) }),
    .zip(
      .nameEncoding, "UTF-8 that is none",
      .array {
        $0.name = [0x82] + Array(".npy".utf8)
        $0.flags = 1 << 11
      }),
    .zip(.nameEncoding, "a second name", .array { $0.extra = extra(0x7075, [1, 0, 0, 0, 0, 98]) }),
    .zip(.encrypted, "encrypted", .array { $0.flags = 1 }),
    .zip(.encrypted, "strongly encrypted", .array { $0.flags = 1 << 6 }),
    .zip(.encrypted, "a patch", .array { $0.flags = 1 << 5 }),
    .zip(.method, "bzip2", .array { $0.method = 12 }),
    .zip(.storedSize, "5 and more", .array { $0.size = 5 }),
    .zip(.ratio, "2 GB in a few bytes", packed { $0.size = 2_000_000_000 }),
    .zip(.deflate, "a reserved block type", packed { $0.data[0] = 7 }),
    .zip(
      .deflate, "cut off", packed { $0.data = Array($0.data.prefix(30)) }),
    .zip(.deflate, "bytes after the stream's end", packed { $0.data += [0, 0] }),
    .zip(
      .short, "fewer bytes than said",
      packed {
        $0.size = UInt32(whole.count)
        $0.data = deflated(Array(whole.dropLast()))
      }),
    .zip(.long, "more bytes than said", packed { $0.data = deflated(unpackedGood + [9]) }),
    .zip(.crc, "a stored byte that differs", .array { $0.crc = crc32($0.data) ^ 1 }),
    .zip(.crc, "a deflated byte that differs", packed { $0.crc = 1 }),
    RefusalCase(defect: .zip(.readPastEnd), label: "more bytes than the member has") { folder in
      let archive = try ZipArchive(try ReadableFile(path: try folder.write(good.file, as: "x.npz")))
      let entry = archive.entries[0]
      do throws(ZipError) { _ = try archive.stream(of: entry).bytes(entry.size + 1) } catch {
        throw FlatFormatError(error)
      }
    },
  ]

  private static let unpackedGood = ZipBytes.array().members[0].data
  /// An array of 17 bytes.
  private static let whole = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (17,), }", data: 17)
}
