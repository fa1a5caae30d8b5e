import ByteFiles
import FlatFormats
import TensorStreams
import Tensors
import TestSupport
import Testing

@Suite("Round trips")
struct RoundTripTests {
  /// Names that are difficult for some formats; zip members can have only some of them.
  static let oddNames: [TensorName] = [
    "", ".", "..", "a/b", "a\0b", "é", "e\u{301}", "💥", "\u{1}\"\\\n",
    TensorName(String(repeating: "n", count: 300)),
    "/x", "../../x", "__metadata", "tessera.ties",
  ]

  /// Shapes with distinct extents, empty shapes and a scalar; all fill whole bytes for every dtype.
  static let shapes = [[], [8], [4, 6], [2, 3, 4], [3, 0], [0], [1, 4, 1, 2]]

  static func samples(_ dtype: DType, generator: inout SeededGenerator) throws -> [Sample] {
    var samples: [Sample] = []
    for (number, shape) in shapes.enumerated() where dtype.bytes != nil || !shape.isEmpty {
      let spec = try TensorSpec(name: TensorName("\(dtype.rawValue).\(number)"), dtype: dtype, shape: shape)
      // Random bits include enough NaNs with payloads, −0.0, and BOOLs other than 0 and 1.
      samples.append(Sample(spec, generator.bytes(spec.byteCount)))
    }
    return samples
  }

  @Test("every dtype comes back bit for bit", arguments: DType.unquantised)
  func everyDType(_ dtype: DType) throws {
    var generator = SeededGenerator(seed: 11)
    let samples = try Self.samples(dtype, generator: &generator)
    let folder = try TemporaryFolder()
    for kind in FlatFormatKind.allCases
    where ![.npy, .onnx, .keras, .gguf, .dcp, .flax, .tensorflow].contains(kind) {
      // Only ONNX has integers of fewer than eight bits.
      if kind.isSafetensors && (dtype == .c128 || dtype.mayEndInsideByte) { continue }
      if kind == .hdf5 && dtype.bytes == nil { continue }
      // PyTorch has only one sub-byte type, in pairs.
      if kind == .pytorch && dtype.bytes == nil && dtype != .f4 { continue }
      let path = folder.file("w.\(kind.rawValue)")
      try write(samples, to: path, kind: kind, opaque: true, piece: 13)
      if kind == .npz && dtype.bytes == nil { continue }
      let source = try open(path, assume: dtype)
      #expect(Set(source.tensors.map(\.spec)) == Set(samples.map(\.spec)))
      for (index, tensor) in source.tensors.enumerated() {
        let bytes = try contents(source, index, piece: 5)
        #expect(bytes == samples.first { $0.spec.name == tensor.spec.name }?.bytes)
      }
    }
  }

  @Test("NaN payloads, negative zero and BOOL bytes above 1 survive all formats")
  func specialBits() throws {
    let folder = try TemporaryFolder()
    let samples = [
      Sample(
        try TensorSpec(name: "f", dtype: .f32, shape: [3]),
        [1, 0, 0x80, 0x7F, 0, 0, 0, 0x80, 5, 0, 0xC0, 0xFF]),
      Sample(try TensorSpec(name: "b", dtype: .bool, shape: [3]), [0, 1, 255]),
    ]
    for kind in FlatFormatKind.ofAnyDType {
      try write(samples, to: folder.file("w"), kind: kind)
      let source = try open(folder.file("w"))
      for sample in samples {
        let index = try #require(source.tensors.firstIndex { $0.spec == sample.spec })
        #expect(try contents(source, index) == sample.bytes)
      }
    }
  }

  @Test("odd names come back byte for byte from safetensors, and two that look equal stay two")
  func names() throws {
    let folder = try TemporaryFolder()
    let samples = try Self.oddNames.enumerated().map { try Sample($1, .i16, [$0], salt: $0) }
    try write(samples, to: folder.file("w.safetensors"), kind: .safetensors)
    let source = try open(folder.file("w.safetensors"))
    #expect(Set(source.tensors.map(\.spec)) == Set(samples.map(\.spec)))
    #expect(source.tensors.count == Self.oddNames.count)
  }

  @Test("sub-byte tensors go to NumPy as whole bytes, in the last dimension where it divides")
  func subByteShapes() throws {
    let folder = try TemporaryFolder()
    let samples = [
      try Sample("even", .f4, [3, 4], salt: 1), try Sample("odd", .f4, [4, 3], salt: 2),
      try Sample("six", .f6E2M3, [3, 8], salt: 3), try Sample("none", .f4, [0, 3], salt: 4),
    ]
    try write(samples, to: folder.file("w.npz"), kind: .npz, opaque: true)
    let source = try open(folder.file("w.npz"), assume: .u8)
    #expect(source.tensors.map(\.spec.shape) == [[3, 2], [6], [3, 6], [0]])
    #expect(try samples.indices.allSatisfy { try contents(source, $0) == samples[$0].bytes })
  }

  @Test("a stored header brings back a file of another writer: spaces, order, escapes, two metadata keys")
  func verbatim() throws {
    let json =
      #"{ "b" : {"shape":[2],"data_offsets":[4,6],"dtype":"U8"},"#
      + "\n"
      + #""__metadata__":{"z":"1","a":"2"}, "\u0061":{"dtype":"F32","data_offsets":[0,4],"shape":[]},"e":"#
      + #"{"dtype":"F64","shape":[0,9223372036854775807],"data_offsets":[4,4]}}"#
    let folder = try TemporaryFolder()
    let path = try folder.write(safetensors(json, body: 6, padding: "   "), as: "w.safetensors")
    let source = try open(path)
    #expect(source.tensors.map(\.spec.name) == ["a", "e", "b"])
    #expect(source.metadata.map(\.key) == ["z", "a"])
    let samples = try source.tensors.indices.map { Sample(source.tensors[$0].spec, try contents(source, $0)) }
    let again = folder.file("again.safetensors")
    try write(samples.reversed(), to: again, kind: .safetensors, verbatim: source.verbatim, piece: 1)
    #expect(try TemporaryFolder.bytes(of: again) == (try TemporaryFolder.bytes(of: path)))
  }

  @Test("two writes of the same tensors give the same bytes")
  func deterministic() throws {
    let folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: 3)
    let samples = try Self.samples(.f32, generator: &generator)
    for kind in FlatFormatKind.ofSeveralTensors {
      try write(samples, to: folder.file("a"), kind: kind, metadata: [("b", "1"), ("a", "2")], piece: 7)
      try write(samples, to: folder.file("b"), kind: kind, metadata: [("b", "1"), ("a", "2")], piece: 900)
      #expect(
        try TemporaryFolder.bytes(of: folder.file("a")) == (try TemporaryFolder.bytes(of: folder.file("b"))))
    }
  }

  @Test("a large tensor among small ones crosses every buffer")
  func large() throws {
    var generator = SeededGenerator(seed: 8)
    let samples = [
      try Sample("small", .u8, [17], salt: 1), try Sample("large", .f32, [700_001], salt: 2),
      try Sample("last", .u16, [3], salt: 3),
      Sample(try TensorSpec(name: "r", dtype: .u8, shape: [900]), generator.bytes(900)),
    ]
    let folder = try TemporaryFolder()
    for kind in FlatFormatKind.ofAnyDType {
      for piece in [1_000_000, 140_000, 4097] {
        try write(samples, to: folder.file("w"), kind: kind, piece: piece)
        let source = try open(folder.file("w"))
        for (index, tensor) in source.tensors.enumerated() {
          let same =
            try contents(source, index, piece: 65_537) == samples.first { $0.spec == tensor.spec }?.bytes
          #expect(same)
        }
      }
    }
  }
}
