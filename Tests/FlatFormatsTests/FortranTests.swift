import ByteFiles
import TensorStreams
import Tensors
import TestSupport
import Testing
import Zip

@testable import FlatFormats

/// An array in memory.
private final class MemoryPayload: NpyPayload {
  let bytes: [UInt8]
  private(set) var reads = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FlatFormatError) {
    reads += 1
    buffer.copyBytes(from: bytes[offset..<(offset + buffer.count)])
  }
}

@Suite("Fortran order")
struct FortranTests {
  /// C-order bytes from Fortran-order ones, computed element by element from the definition.
  static func transposed(_ bytes: [UInt8], shape: [Int], item: Int) -> [UInt8] {
    var result: [UInt8] = []
    var index = [Int](repeating: 0, count: shape.count)
    for _ in 0..<shape.reduce(1, *) {
      var place = 0
      for axis in stride(from: shape.count - 1, through: 0, by: -1) {
        place = place * shape[axis] + index[axis]
      }
      result += bytes[(place * item)..<((place + 1) * item)]
      for axis in stride(from: shape.count - 1, through: 0, by: -1) {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
      }
    }
    return result
  }

  @Test("windows of any size give C order", arguments: [1, 2, 4, 8, 16])
  func windows(_ item: Int) throws {
    let shapes = [
      [5, 3], [3, 5], [2, 3, 5], [5, 1, 3, 2], [1, 7, 4], [4, 7, 1], [2, 2, 3, 2, 2], [1, 1], [97, 2],
      [2, 97],
    ]
    var ran = 0
    for shape in shapes {
      let count = shape.reduce(item, *)
      let source = pattern(count, salt: 9)
      let expected = Self.transposed(source, shape: shape, item: item)
      for limit in [1, item, 3 * item, 10 * item, 64 * item, count, 2 * count] {
        let gather = FortranGather(shape: shape, itemSize: item, limit: limit)
        #expect(gather.windowSize <= max(limit, item))
        var result: [UInt8] = []
        var window = [UInt8](repeating: 0xEE, count: gather.windowSize)
        let payload = MemoryPayload(source)
        while result.count < count {
          let some = try window.withUnsafeMutableBytes {
            try gather.gather(at: result.count, from: payload, into: $0)
          }
          result += window[..<some]
        }
        #expect(result == expected, "\(shape), \(item) bytes, windows of \(limit)")
        ran += 1
      }
    }
    #expect(ran == shapes.count * 7)
  }

  @Test("an array larger than a window is read from npy, stored and deflated members alike")
  func largerThanAWindow() throws {
    // 20 MB, deflated as stored blocks, so the third kind of payload starts again for every window.
    let shape = [3, 2_000, 833]
    let spec = try TensorSpec(name: "arr_0", dtype: .i32, shape: shape)
    var raw = [UInt8](repeating: 0, count: spec.byteCount)
    var generator = SeededGenerator(seed: 2)
    raw.withUnsafeMutableBytes { bytes in
      for start in stride(from: 0, to: bytes.count - 7, by: 8) {
        bytes.storeBytes(of: generator.next(), toByteOffset: start, as: UInt64.self)
      }
    }
    let header = "{'descr': '>i4', 'fortran_order': True, 'shape': (3, 2000, 833), }"
    var file = npy(header, data: 0) + raw
    let folder = try TemporaryFolder()
    // A sample of the elements is compared with the definition; all elements must agree in the three ways.
    let plain = try contents(try open(try folder.write(file, as: "x.npy")), 0, piece: 3_000_001)
    for number in stride(from: 0, to: spec.elementCount, by: 997) {
      let (i, j, k) = (number / 1_666_000, number / 833 % 2000, number % 833)
      let place = 4 * (i + 3 * (j + 2000 * k))
      let same = plain[(4 * number)..<(4 * number + 4)].elementsEqual(raw[place..<(place + 4)].reversed())
      #expect(same)
    }
    for deflate in [false, true] {
      var member = ZipBytes.Member("arr_0.npy", file)
      if deflate { member = packed(file) }
      let path = try folder.write(ZipBytes([member]).file, as: "x.npz")
      let same = try contents(try open(path), 0, piece: 2_000_003) == plain
      #expect(same)
      file[file.count / 2] ^= 1
      var damaged = member
      damaged.data = deflate ? packed(file).data : file
      damaged.crc = member.crc ?? crc32(member.data)
      let broken = try folder.write(ZipBytes([damaged]).file, as: "y.npz")
      #expect(refusal { _ = try readAll(broken) }?.defect == .zip(.crc))
      file[file.count / 2] ^= 1
    }
  }

  /// A member of many stored deflate blocks.
  private func packed(_ data: [UInt8]) -> ZipBytes.Member {
    var member = ZipBytes.Member("arr_0.npy", [])
    member.method = 8
    member.crc = crc32(data)
    member.size = UInt32(data.count)
    for start in stride(from: 0, to: data.count, by: 65_535) {
      let end = min(start + 65_535, data.count)
      var block = deflated(Array(data[start..<end]))
      block[0] = end == data.count ? 1 : 0
      member.data += block
    }
    return member
  }

  @Test("a large array that is deflated is unpacked once, whatever its number of windows")
  func unpackedOnce() throws {
    let side = 2200
    var data = npy("{'descr': '<u4', 'fortran_order': True, 'shape': (\(side), \(side)), }", data: 0)
    for column in 0..<side { for row in 0..<side { data += bytes(UInt32(row * side + column)) } }
    #expect(data.count > RearrangingReader.windowLimit)
    var member = ZipBytes.Member("a.npy", [])
    (member.method, member.crc, member.size) = (8, crc32(data), UInt32(data.count))
    for start in stride(from: 0, to: data.count, by: 0xFFFF) {
      let block = data[start..<min(start + 0xFFFF, data.count)]
      let count = UInt16(block.count)
      member.data += [block.endIndex == data.count ? 1 : 0] + bytes(count) + bytes(~count) + block
    }
    let folder = try TemporaryFolder()
    let file = try ReadableFile(path: try folder.write(ZipBytes([member]).file, as: "a.npz"))
    let source = try FlatFormats.open(file)
    let reader = try source.reader(of: 0)
    var result = [UInt8](repeating: 0, count: side * side * 4)
    try result.withUnsafeMutableBytes { try reader.read(into: $0) }
    let isRight = result.withUnsafeBytes { bytes in
      (0..<side * side).allSatisfy {
        bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self).littleEndian == $0
      }
    }
    #expect(isRight && file.byteCountRead < file.size + (1 << 20), "\(file.byteCountRead) of \(file.size)")
  }
}
