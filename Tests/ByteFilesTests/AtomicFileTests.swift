import ByteFiles
import Foundation
import TestSupport
import Testing

@Suite("Atomic files")
struct AtomicFileTests {
  @Test("many writers of one destination in one process all succeed, and nothing stays behind")
  func concurrentWriters() async throws {
    let folder = try TemporaryFolder()
    let destination = folder.file("out")
    let written = await withTaskGroup(of: Int.self) { group in
      for number in 0..<8 {
        group.addTask {
          var written = 0
          for turn in 0..<100 {
            do {
              let file = try AtomicFile(path: destination)
              try file.write([UInt8](repeating: UInt8(number), count: 10 + number), at: turn % 2)
              try file.commit()
              written += 1
            } catch { Issue.record("\(error)") }
          }
          return written
        }
      }
      return await group.reduce(0, +)
    }
    #expect(written == 800)
    #expect(try folder.names() == ["out"])
    let content = try TemporaryFolder.bytes(of: destination)
    let number = Int(try #require(content.last))
    #expect(content.count == 10 + number || content.count == 11 + number)
  }

  @Test("a stale temporary is removed, one of a living writer is not, nor one of another destination")
  func stale() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write([1], as: ".out.tessera-0.tmp")
    _ = try folder.write([1], as: ".other.tessera-0.tmp")
    let living = try AtomicFile(path: folder.file("out"))
    #expect(try folder.names().count == 2)
    do {
      let second = try AtomicFile(path: folder.file("out"))
      #expect(try folder.names().count == 3)
      try second.write([2], at: 0)
      try second.commit()
    }
    try living.write([3], at: 0)
    try living.commit()
    #expect(try TemporaryFolder.bytes(of: folder.file("out")) == [3])
    #expect(try folder.names() == [".other.tessera-0.tmp", "out"])
  }

  @Test("without a commit the destination stays as it was, and with one it keeps its permissions")
  func abandoned() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([7, 8], as: "out")
    chmod(path, 0o640)
    do {
      let file = try AtomicFile(path: path)
      try file.write([9], at: 5)
      #expect(try file.currentSize() == 6)
    }
    #expect(try TemporaryFolder.bytes(of: path) == [7, 8])
    #expect(try folder.names() == ["out"])
    let file = try AtomicFile(path: path)
    try file.write([9], at: 1)
    try file.commit()
    #expect(try TemporaryFolder.bytes(of: path) == [0, 9])
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o640)
  }

  @Test("a sparse file in memory arrives with its holes and its length")
  func memoryFile() throws {
    let folder = try TemporaryFolder()
    let file = try AtomicFile(path: folder.file("out"))
    let memory = try NamelessFile()
    let descriptor = open("/dev/null", O_RDWR)
    try memory.take(over: descriptor)
    #expect(pwrite(descriptor, "ab", 2, 3) == 2)
    #expect(pwrite(descriptor, "c", 1, 5_000_000) == 1)
    ftruncate(descriptor, 9_000_000)
    close(descriptor)
    // Bytes of the file in the same pages stay.
    try file.write([0x64, 0x65], at: 5)
    try file.write([0x66], at: 4_999_999)
    try file.write([0x67], at: 7_000_000)
    try memory.copy(to: file, leavingOut: [5..<7, 4_999_999..<5_000_000, 7_000_000..<7_000_001])
    try file.commit()
    var expected = [UInt8](repeating: 0, count: 9_000_000)
    expected[3...6] = [0x61, 0x62, 0x64, 0x65]
    expected[4_999_999...5_000_000] = [0x66, 0x63]
    expected[7_000_000] = 0x67
    #expect(try TemporaryFolder.bytes(of: folder.file("out")) == expected)
  }
}
