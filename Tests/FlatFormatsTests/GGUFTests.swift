import ByteFiles
import FlatFormats
import StrictJSON
import TensorStreams
import Tensors
import TestSupport
import Testing

/// GGUF files that gguf wrote (make_gguf.py), and those of the writer.
@Suite("GGUF")
struct GGUFTests {
  /// The tables of make_gguf.py.
  static let plain: [(name: TensorName, dtype: DType, shape: [Int])] = [
    ("f32", .f32, [3, 5]), ("f16", .f16, [2, 1, 3]), ("bf16", .bf16, [7]), ("f64", .f64, [2, 2, 1, 3]),
    ("i8", .i8, [11]), ("i16", .i16, [5, 3]), ("i32", .i32, [0, 4]), ("i64", .i64, [2]),
    ("q4_0", .q40, [3, 64]), ("q8_0", .q80, [2, 3, 32]), ("q4_k", .q4K, [2, 256]), ("é", .f32, [1]),
  ]
  static let big: [(name: TensorName, dtype: DType, shape: [Int])] = [
    ("f32", .f32, [3, 5]), ("f16", .f16, [7]), ("f64", .f64, [3]), ("i8", .i8, [5]), ("bf16", .bf16, [2, 3]),
    ("q4_0", .q40, [3, 64]), ("q8_0", .q80, [5, 32]), ("q4_k", .q4K, [2, 256]), ("q6_k", .q6K, [1, 512]),
    ("mxfp4", .mxfp4, [32]), ("i64", .i64, [2]),
  ]

  static func samples(_ table: [(name: TensorName, dtype: DType, shape: [Int])]) throws -> [Sample] {
    try table.enumerated().map { try Sample($1.name, $1.dtype, $1.shape, salt: $0 + 1) }
  }

  @Test(
    "tensors of both versions and byte orders are read, and the stored header gives the same file",
    arguments: ["plain", "metadata", "version2", "big", "nested"])
  func files(_ name: String) throws {
    let path = "\(fixtures)/\(name).gguf"
    let source = try open(path)
    let table = name == "big" ? Self.big : name == "nested" ? Array(Self.plain.prefix(1)) : Self.plain
    let samples = try Self.samples(table)
    #expect(source.tensors.map(\.spec) == samples.map(\.spec))
    for (index, sample) in samples.enumerated() {
      for piece in [1, 7, 1000] { #expect(try contents(source, index, piece: piece) == sample.bytes) }
    }
    let folder = try TemporaryFolder()
    for piece in [1, 13, 100_000] {
      let again = folder.file("again.gguf")
      try write(samples, to: again, kind: .gguf, verbatim: source.verbatim, piece: piece)
      #expect(try TemporaryFolder.bytes(of: again) == TemporaryFolder.bytes(of: path))
    }
    if name == "plain" {
      try write(samples, to: folder.file("new.gguf"), kind: .gguf, piece: 11)
      #expect(try TemporaryFolder.bytes(of: folder.file("new.gguf")) == TemporaryFolder.bytes(of: path))
    }
  }

  @Test("a piece names the first piece and the command that joins them; one piece is a whole model")
  func pieces() throws {
    let folder = try TemporaryFolder()
    func file(_ count: UInt16) -> [UInt8] {
      GGUFBytes.tensor {
        $0.pairs = [
          GGUFBytes.pair("split.no", 2, bytes(UInt16(1))), GGUFBytes.pair("split.count", 2, bytes(count)),
        ]
      }.file
    }
    #expect(try open(folder.write(file(1), as: "w.gguf")).tensors.count == 1)
    #expect(try open(folder.write(file(0), as: "w.gguf")).tensors.count == 1)
    let path = try folder.write(file(3), as: "m-00002-of-00003.gguf")
    #expect(
      refusal { _ = try open(path) }?.description
        == "\(path): metadata: expected a whole model; 'llama-gguf-split --merge m-00001-of-00003.gguf OUT.gguf' "
        + "joins the pieces, found piece 2 of 3")
    let other = try folder.write(file(3), as: "w.gguf")
    #expect(refusal { _ = try open(other) }?.description.contains("--merge FIRST-PIECE OUT.gguf") == true)
  }

  @Test("all types of metadata are shown", arguments: ["metadata", "version2", "big"])
  func metadata(_ name: String) throws {
    let found = Dictionary(uniqueKeysWithValues: try open("\(fixtures)/\(name).gguf").metadata)
    let expected = [
      "general.architecture": "llama", "a.u8": "200", "a.i8": "-100", "a.u16": "60000", "a.i16": "-30000",
      "llama.block_count": "2", "a.i32": "-2", "llama.rope.freq_base": "10000.0", "a.bool": "true",
      "a.u64": "9223372036854775808", "a.i64": "-9223372036854775808", "a.f64": "0.1", "a.text": "é 💥\n",
      "llama.feed_forward_length": "[64, 96]", "tokenizer.ggml.tokens": "[40 of STRING]",
      "tokenizer.ggml.scores": "[40 of FLOAT32]",
    ]
    #expect(found == expected.merging(name == "big" ? [:] : ["general.alignment": "64"]) { $1 })
  }

  @Test("arrays in arrays are read, and reported, because llama.cpp refuses them")
  func nested() throws {
    let source = try open("\(fixtures)/nested.gguf")
    #expect(source.metadata.last?.value == "[[1, 2], [3]]")
    #expect(source.remarks.map(\.kind) == [.ggufBeyondGGML])
  }

  @Test("a file without padding at its end, without tensors or without their bytes comes back")
  func ends() throws {
    let folder = try TemporaryFolder()
    let empty = GGUFBytes.Tensor(dimensions: [0, 3])
    let one = GGUFBytes.tensor()
    for file in [
      one.file, Array(one.file.dropLast(24)), Array(one.file.dropLast(10)), GGUFBytes().file,
      GGUFBytes().file + [UInt8](repeating: 0, count: 8), GGUFBytes(tensors: [empty]).file,
      GGUFBytes.tensor { $0.tensors.append(.init(name: [97], dimensions: [0], offset: 32)) }.file,
      GGUFBytes.tensor { $0.tensors[0].dimensions = [2, 1, 1, 1] }.file,
    ] {
      let path = try folder.write(file, as: "w.gguf")
      let source = try open(path)
      let samples = try source.tensors.indices.map {
        Sample(source.tensors[$0].spec, try contents(source, $0))
      }
      try write(samples.reversed(), to: folder.file("again.gguf"), kind: .gguf, verbatim: source.verbatim)
      #expect(try TemporaryFolder.bytes(of: folder.file("again.gguf")) == file)
    }
  }

  @Test("a scalar, four dimensions and long names of other writers are read")
  func unusual() throws {
    let folder = try TemporaryFolder()
    var file = GGUFBytes.tensor { $0.tensors[0] = .init(dimensions: []) }
    file.body = pattern(4, salt: 1) + [UInt8](repeating: 0, count: 28)
    let scalar = try open(try folder.write(file.file, as: "w.gguf"))
    #expect(scalar.tensors[0].spec.shape == [] && scalar.remarks.isEmpty)
    let short = try open(try folder.write(Array(file.file.dropLast(5)), as: "w.gguf"))
    #expect(short.remarks.map { "\($0.place): \($0.found)" } == ["body: 23 bytes of padding"])
    let long = GGUFBytes.tensor { $0.tensors[0].name = .init(repeating: 97, count: 64) }
    let source = try open(try folder.write(long.file, as: "w.gguf"))
    #expect(source.remarks.map(\.kind) == [.ggufBeyondGGML])
  }

  @Test("every dtype that GGUF has comes back bit for bit")
  func everyDType() throws {
    let folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: 12)
    var count = 0
    for dtype in DType.allCases where !dtype.isBlockQuantised {
      let samples = try RoundTripTests.samples(dtype, generator: &generator).filter {
        $0.spec.shape.count <= 4
      }
      do {
        try write(samples, to: folder.file("w.gguf"), kind: .gguf, piece: 13)
      } catch let error as FlatFormatError {
        #expect(error.defect == .format(.sinkDType))
        continue
      }
      try compare(samples, folder.file("w.gguf"))
      count += 1
    }
    #expect(count == 8)
    for dtype in DType.allCases where dtype.isBlockQuantised {
      let block = dtype.block.elements
      let samples = try [[block], [3, 2 * block], [2, 0, block], [2, 1, 3, block], [3, 0]].enumerated().map {
        let spec = try TensorSpec(name: TensorName("t\($0)"), dtype: dtype, shape: $1)
        return Sample(spec, generator.bytes(spec.byteCount))
      }
      try write(samples, to: folder.file("w.gguf"), kind: .gguf, piece: 13)
      try compare(samples, folder.file("w.gguf"))
      count += 1
    }
    #expect(count == 34)
  }

  private func compare(_ samples: [Sample], _ path: String) throws {
    let source = try open(path)
    #expect(source.tensors.map(\.spec) == samples.map(\.spec))
    for (index, sample) in samples.enumerated() {
      #expect(try contents(source, index, piece: 5) == sample.bytes)
    }
  }

  @Test("values of blocks are those that gguf computes, bit for bit")
  func values() throws {
    let text = try TemporaryFolder.bytes(of: "\(fixtures)/gguf-values.json")
    guard case .array(let rows) = try JSONParser().parse(text) else { return }
    var dtypes: Set<DType> = []
    for row in rows {
      guard case .object(let row) = row, case .string(let name)? = row["dtype"],
        case .string(let block)? = row["bytes"], case .string(let values)? = row["values"]
      else { continue }
      let dtype = try #require(DType(rawValue: name))
      let decoder = try #require(BlockValues(dtype))
      var found = [Float](repeating: 0, count: dtype.block.elements)
      Self.unhex(block).withUnsafeBytes { block in
        found.withUnsafeMutableBufferPointer { decoder.decode(block, into: $0) }
      }
      #expect(found.withUnsafeBytes { Array($0) } == Self.unhex(values), "\(name)")
      dtypes.insert(dtype)
    }
    #expect(rows.count == 40)
    #expect(dtypes == Set(DType.allCases.filter { $0.isBlockQuantised && $0.hasValues }))
  }

  private static func unhex(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8).map { $0 < 58 ? $0 - 48 : $0 - 87 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}
