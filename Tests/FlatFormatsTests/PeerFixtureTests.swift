import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing

/// The tables of make.py.
enum PeerTables {
  static let plain: [(name: TensorName, dtype: DType, shape: [Int])] = [
    ("b.f32", .f32, [3, 5]), ("a.f32", .f32, [2, 1, 3]), ("c.f64", .f64, [7]), ("d.f16", .f16, [4, 3]),
    ("e.i64", .i64, []), ("f.i32", .i32, [0, 4]), ("g.i16", .i16, [5]), ("h.i8", .i8, [3, 3]),
    ("i.u64", .u64, [2]), ("j.u32", .u32, [1, 1, 1, 3]), ("k.u16", .u16, [6]), ("l.u8", .u8, [11]),
    ("m.c64", .c64, [2, 3]), ("quote\"\\slash/\n\u{1}\u{7f}é", .f32, [1]),
  ]

  static func plainSamples() throws -> [Sample] {
    try plain.enumerated().map { try Sample($1.name, $1.dtype, $1.shape, salt: $0 + 1) }
  }

  static let raw: [(dtype: DType, shape: [Int])] = [
    (.f64, [3, 2]), (.f32, [2, 3]), (.f16, [5]), (.bf16, [3, 3]), (.f8E4M3, [7]), (.f8E5M2, [3]),
    (.f8E8M0, [2, 2]), (.f8E4M3FNUZ, [1, 5]), (.f8E5M2FNUZ, [6]), (.f4, [3, 4]), (.i64, [2]), (.i32, [3]),
    (.i16, [3, 1]), (.i8, [4]), (.u64, [1]), (.u32, [2, 1]), (.u16, [7]), (.u8, [0, 3]), (.bool, [9]),
    (.c64, []),
  ]

  static func rawSamples() throws -> [Sample] {
    try raw.enumerated().map {
      try Sample(TensorName($1.dtype.rawValue.lowercased()), $1.dtype, $1.shape, salt: $0)
    }
  }

  static let npy: [(name: String, dtype: DType, shape: [Int])] = [
    ("f4", .f32, [3, 5]), ("f8-scalar", .f64, []), ("f2-empty", .f16, [0, 4]), ("i1", .i8, [7]),
    ("i2", .i16, [3, 1, 2]), ("i4", .i32, [5, 2]), ("i8", .i64, [2, 3]), ("u1", .u8, [9]), ("u2", .u16, [4]),
    ("u4", .u32, [1, 3]), ("u8", .u64, [3]), ("c8", .c64, [2, 3]), ("c16", .c128, [3]),
    ("b1", .bool, [2, 5]),
    ("rank5", .f32, [2, 3, 1, 4, 5]), ("wide-header", .f32, [Int](repeating: 1, count: 31) + [3]),
  ]

  /// Arrays in another order of elements or bytes; `make.py` filled them with the pattern in C order, in their own
  /// bytes.
  static let converted: [(name: String, dtype: DType, shape: [Int], swap: Int)] = [
    ("big-f4", .f32, [3, 5], 4), ("big-i2", .i16, [4, 3], 2), ("big-c16", .c128, [2, 3], 8),
    ("big-u8", .u64, [5], 8),
    ("fortran-f4", .f32, [3, 5], 1), ("fortran-big-i4", .i32, [2, 3, 4], 4),
    ("fortran-u1-rank4", .u8, [3, 2, 5, 4], 1),
    ("version2", .f32, [3, 5], 1), ("version3", .f32, [3, 5], 1),
  ]

  static let npz: [(name: TensorName, dtype: DType, shape: [Int], salt: Int)] = [
    ("f4", .f32, [3, 5], 1), ("x/y:0", .i16, [2, 3], 2), ("scalar", .f64, [], 3), ("empty", .f32, [0, 3], 4),
    ("fortran", .f32, [4, 3], 5), ("é", .bool, [3], 6),
  ]
}

@Suite("Files that other writers made")
struct PeerFixtureTests {
  /// A file with tensors of different shapes, which another program wrote, and its tensors; nil for formats that another
  /// suite compares with such files. Every format has one: a reader and a writer that are wrong in the same way pass all
  /// other tests.
  private static func peer(_ kind: FlatFormatKind) throws -> (fixture: String, samples: [Sample])? {
    switch kind {
    case .safetensors: ("plain.safetensors", try PeerTables.plainSamples())
    case .npz:
      (
        "plain.npz",
        try PeerTables.npz.filter { $0.name != "fortran" }
          .map { try Sample($0.name, $0.dtype, $0.shape, salt: $0.salt) }
      )
    case .npy: ("npy/i2.npy", [try Sample("arr_0", .i16, [3, 1, 2], salt: 21)])
    case .gguf: ("plain.gguf", try GGUFTests.samples(GGUFTests.plain))
    // ShardedTests, DistributedFixtureTests, TorchFixtureTests, ONNXInteropTests, KerasFixtureTests and
    // PartialFixtureTests.
    case .shardedSafetensors, .dcp, .pytorch, .onnx, .keras, .hdf5: nil
    // FlaxFixtureTests and TensorFlowFixtureTests.
    case .flax, .tensorflow: nil
    }
  }

  @Test(
    "the tensors of a peer's file are read, and the same tensors give the same file",
    arguments: FlatFormatKind.allCases)
  func peers(_ kind: FlatFormatKind) throws {
    guard let (fixture, samples) = try Self.peer(kind) else { return }
    try compare(samples, fixture, kind)
  }

  @Test("safetensors with metadata")
  func metadata() throws {
    try compare(
      try PeerTables.plainSamples(), "meta.safetensors", .safetensors, metadata: [("for\tmat", "n\"p\n")])
  }

  @Test("every dtype of safetensors is read, and the same tensors give the same file")
  func dtypes() throws { try compare(try PeerTables.rawSamples(), "dtypes.safetensors", .safetensors) }

  @Test("files without tensors are read and written", arguments: [FlatFormatKind.safetensors, .npz, .gguf])
  func none(_ kind: FlatFormatKind) throws { try compare([], "none.\(kind.rawValue)", kind) }

  @Test("npy of every dtype is read, and the same array gives the same file", arguments: PeerTables.npy)
  func npy(_ name: String, _ dtype: DType, _ shape: [Int]) throws {
    try compare([try Sample("arr_0", dtype, shape, salt: 21)], "npy/\(name).npy", .npy)
  }

  @Test(
    "Fortran order, big-endian numbers and versions 2 and 3 are read as C order, little-endian",
    arguments: PeerTables.converted)
  func converted(_ name: String, _ dtype: DType, _ shape: [Int], _ swap: Int) throws {
    let source = try FlatFormatsTests.open("\(fixtures)/npy/\(name).npy")
    let spec = try TensorSpec(name: "arr_0", dtype: dtype, shape: shape)
    #expect(source.tensors.map(\.spec) == [spec])
    let raw = pattern(spec.byteCount, salt: 21)
    let expected = stride(from: 0, to: raw.count, by: swap).flatMap { raw[$0..<($0 + swap)].reversed() }
    for piece in [1, 3, 7, 1000] {
      #expect(try contents(source, 0, piece: piece) == expected, "pieces of \(piece)")
    }
  }

  @Test(
    "BF16 and FP8 that NumPy left as bytes are read with an assumed dtype",
    arguments: [
      ("bf16", DType.bf16, [3, 2]), ("f8e4m3", .f8E4M3, [5]),
    ])
  func assumed(_ name: String, _ dtype: DType, _ shape: [Int]) throws {
    let source = try FlatFormatsTests.open("\(fixtures)/npy/\(name).npy", assume: dtype)
    let sample = try Sample("arr_0", dtype, shape, salt: 21)
    #expect(source.tensors.map(\.spec) == [sample.spec])
    #expect(try contents(source, 0) == sample.bytes)
  }

  @Test(
    "arrays that are no tensors are refused by what they are",
    arguments: [
      ("string", FlatFormatRule.npyDType), ("bytes", .npyDType), ("structured", .npyStructured),
      ("longdouble", .npyLongDouble), ("datetime", .npyDType), ("object", .npyObject),
    ])
  func refusedArrays(_ name: String, _ rule: FlatFormatRule) {
    #expect(refusal { _ = try readAll("\(fixtures)/npy/refused-\(name).npy") }?.defect == .format(rule))
  }

  @Test("npz, stored and deflated, is read in the order of its members", arguments: ["stored", "deflated"])
  func npz(_ name: String) throws {
    let source = try FlatFormatsTests.open("\(fixtures)/\(name).npz")
    #expect(source.kind == .npz && source.tensors.count == PeerTables.npz.count)
    for (index, row) in PeerTables.npz.enumerated() {
      let sample = try Sample(row.name, row.dtype, row.shape, salt: row.salt)
      #expect(source.tensors[index].spec == sample.spec)
      for piece in [1, 5, 1000] { #expect(try contents(source, index, piece: piece) == sample.bytes) }
    }
  }

  /// Reads the fixture and compares it with the samples; writes the samples and compares the file with the fixture.
  private func compare(
    _ samples: [Sample], _ fixture: String, _ kind: FlatFormatKind,
    metadata: [(key: String, value: String)] = []
  ) throws {
    let path = "\(fixtures)/\(fixture)"
    let source = try FlatFormatsTests.open(path)
    #expect(source.kind == kind)
    #expect(source.metadata.map { [$0.key, $0.value] } == metadata.map { [$0.key, $0.value] })
    #expect(source.tensors.count == samples.count)
    for (index, tensor) in source.tensors.enumerated() {
      let sample = try #require(samples.first { $0.spec.name == tensor.spec.name })
      #expect(tensor.spec == sample.spec)
      #expect(tensor.tiedTo == nil)
      #expect(try contents(source, index, piece: 7) == sample.bytes, "\(tensor.spec.name.quoted)")
    }
    let folder = try TemporaryFolder()
    try write(samples, to: folder.file("again"), kind: kind, metadata: metadata, piece: 11)
    if kind == .safetensors, !metadata.contains(where: { $0.key == "format" }) {
      // A new file also has `format`; everything else is as the peer writes it.
      let again = try FlatFormatsTests.open(folder.file("again"))
      #expect(again.metadata.map(\.key) == ["format"] + metadata.map(\.key))
      #expect(again.tensors.map(\.spec) == source.tensors.map(\.spec))
      let size = samples.reduce(0) { $0 + $1.bytes.count }
      let data = try [folder.file("again"), path].map { try TemporaryFolder.bytes(of: $0).suffix(size) }
      #expect(data[0] == data[1])
    } else {
      #expect(try TemporaryFolder.bytes(of: folder.file("again")) == (try TemporaryFolder.bytes(of: path)))
    }
    if let verbatim = source.verbatim {
      let shuffled = samples.shuffled(using: &Self.generator)
      try write(shuffled, to: folder.file("verbatim"), kind: kind, verbatim: verbatim, piece: 11)
      #expect(try TemporaryFolder.bytes(of: folder.file("verbatim")) == (try TemporaryFolder.bytes(of: path)))
    }
  }

  private static var generator: SeededGenerator {
    get { SeededGenerator(seed: 5) }
    set {}
  }
}
