import ByteFiles
import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing

/// Checkpoints that a test builds part by part.
@Suite("Checkpoints of TensorFlow")
struct TensorFlowTests {
  @Test("slices of any axis come back as the whole tensor, also in pieces that cross them")
  func slices() throws {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<40 {
      let shape = (0..<random.number(in: 1...4)).map { _ in random.number(in: 1...7) }
      let axis = random.number(in: 0...shape.count - 1)
      let whole = random.bytes(4 * shape.reduce(1, *))
      var cuts = Set((0..<random.number(in: 0...3)).map { _ in random.number(in: 0...shape[axis]) })
      cuts.formUnion([0, shape[axis]])
      let ends = cuts.sorted()
      let inner = 4 * shape[(axis + 1)...].reduce(1, *)
      var full = BundleBytes.Entry(shape: shape, data: [])
      var parts: [BundleBytes.Entry] = []
      for (start, end) in zip(ends, ends.dropFirst()) {
        let ranges: [(start: Int, length: Int)?] = shape.indices.map {
          $0 == axis ? (start, end - start) : nil
        }
        full.slices.append(ranges)
        var part = BundleBytes.Entry.slice(ranges, [], 0)
        part.shape = shape
        part.shape[axis] = end - start
        part.data = (0..<shape[..<axis].reduce(1, *)).flatMap { row in
          whole[(row * shape[axis] + start) * inner..<(row * shape[axis] + end) * inner]
        }
        parts.append(part)
      }
      full.slices.shuffle(using: &random)
      let bundle = BundleBytes.tensors([full] + parts.shuffled(using: &random))
      let folder = try TemporaryFolder()
      let path = try bundle.with { changed in
        changed.files = [("x.data-00000-of-00001", changed.entries.flatMap(\.data))]
      }.write(in: folder)
      let source = try open(path)
      #expect(source.tensors.map(\.spec.shape) == [shape] && source.leftOut == [])
      for piece in [1, 7, 1 << 20] { #expect(try contents(source, 0, piece: piece) == whole) }
    }
  }

  @Test("the keys of slices with large numbers are those of TensorFlow")
  func keys() throws {
    // As TensorFlow writes a slice 100,1 of the second axis of [3, 150] (Tests/Fixtures/tensorflow, `sliced`).
    let bytes = try TemporaryFolder.bytes(of: TensorFlowFixtureTests.folder + "/sliced.index")
    // The bytes before are those of the key before it, and not repeated.
    let key: [UInt8] = [0xC0, 0x64, 0x81]
    #expect(bytes.firstRange(of: key) != nil)
    #expect(try open(TensorFlowFixtureTests.folder + "/sliced.index").tensors.count == 4)
  }

  @Test("bytes between entries are a note, and a larger entry is read where it is")
  func unused() throws {
    let folder = try TemporaryFolder()
    let path = try BundleBytes().with { bundle in
      bundle.entries[0].offset = 5
      bundle.files = [("x.data-00000-of-00001", [UInt8](repeating: 9, count: 5) + pattern(24, salt: 1) + [1])]
    }.write(in: folder)
    let source = try open(path)
    #expect(try contents(source, 0) == pattern(24, salt: 1))
    #expect(
      source.remarks.map(\.found) == [
        "bytes 0 to 5, which belong to none", "bytes 29 to 30, which belong to none",
      ])
  }

  @Test("an index is recognised by its content, or by its name beside a data file")
  func recognition() throws {
    let folder = try TemporaryFolder()
    let bundle = BundleBytes()
    let index = try bundle.write(in: folder)
    #expect(FlatFormats.recognise(try ReadableFile(path: index)) == .tensorflow)
    let other = try folder.write(bundle.index, as: "other")
    #expect(FlatFormats.recognise(try ReadableFile(path: other)) == .tensorflow)
    let cut = try folder.write(Array(bundle.index.dropLast()), as: "x.index")
    #expect(FlatFormats.recognise(try ReadableFile(path: cut)) == .tensorflow)
    // Other programs have files of this name, and tables whose first key is not empty.
    let foreign = try folder.write(Array("text".utf8), as: "y.index")
    #expect(FlatFormats.recognise(try ReadableFile(path: foreign)) == nil)
    #expect(FlatFormats.promise(ofName: "y.index") == nil)
    let table = try folder.write([0, 1] + bundle.index.dropFirst(2), as: "z.ldb")
    #expect(FlatFormats.recognise(try ReadableFile(path: table)) == nil)
    let data = refusal { _ = try open(folder.file("x.data-00000-of-00001")) }
    #expect(
      data?.description.hasSuffix("found the data of a TensorFlow checkpoint, which 'x.index' describes")
        == true)
  }

  @Test("400 mutations of an index with right checksums end in tensors or in a sentence")
  func mutations() throws {
    var random = SeededGenerator(seed: 12)
    let folder = try TemporaryFolder()
    var refused = 0
    for _ in 0..<400 {
      let seed = random.next()
      let path = try BundleBytes.sliced.with { bundle in
        bundle.changeBlock = { block in
          var own = SeededGenerator(seed: seed)
          block = MutationTests.mutated(block, &own)
        }
      }.write(in: folder)
      do { _ = try readAll(path) } catch is FlatFormatError { refused += 1 }
    }
    #expect(refused > 300)
  }
}
