import StrictJSON
import Tensors
import Testing
import UnitModel

@testable import Accounting

/// Weights with several elements in one container, counted by elements.
@Suite("Packed weights")
struct PackedWeightTests {
  typealias File = [(name: String, dtype: DType, shape: [Int])]

  /// A quantiser's file for a matrix, its count of elements, nil if the file does not show it, and its bookkeeping.
  private static let cases: [(words: String, file: File, logical: Int?, bookkeeping: Int)] = {
    var cases: [(words: String, file: File, logical: Int?, bookkeeping: Int)] = []
    for bits in [2, 3, 4, 8] {
      for (inputs, outputs) in [(64, 96), (128, 32)] {
        let zeros = outputs * bits / 32
        let gptq: File = [
          ("q.qweight", .i32, [inputs * bits / 32, outputs]), ("q.qzeros", .i32, [2, zeros]),
          ("q.scales", .f16, [2, outputs]),
        ]
        cases.append(("GPTQ \(bits)", gptq, inputs * outputs, 2 * zeros + 2 * outputs))
        cases.append(
          (
            "GPTQ \(bits) in an order", gptq + [("q.g_idx", .i32, [inputs])], inputs * outputs,
            2 * zeros + 2 * outputs + inputs
          ))
        if bits != 3 {
          cases.append(
            (
              "AWQ \(bits)",
              [
                ("q.qweight", .i32, [inputs, outputs * bits / 32]), ("q.qzeros", .i32, [2, zeros]),
                ("q.scales", .f16, [2, outputs]),
              ], inputs * outputs, 2 * zeros + 2 * outputs
            ))
        }
      }
    }
    cases += [
      (
        "bitsandbytes NF4",
        [
          ("q.weight", .u8, [1536, 1]), ("q.weight.absmax", .f32, [48]), ("q.weight.quant_map", .f32, [16]),
          ("q.weight.quant_state.bitsandbytes__nf4", .u8, [80]),
        ], 3072, 144
      ),
      ("bitsandbytes eight bits", [("q.weight", .i8, [48, 64]), ("q.SCB", .f32, [48])], 3072, 48),
      (
        "MXFP4", [("e.w_blocks", .u8, [4, 64, 2, 16]), ("e.w_scales", .u8, [4, 64, 2])], 16384, 512
      ),
      (
        "NVFP4",
        [
          ("q.weight", .u8, [48, 32]), ("q.weight_scale", .f8E4M3, [48, 4]), ("q.weight_scale_2", .f32, []),
        ], 3072, 193
      ),
      (
        "NVFP4 of compressed-tensors",
        [
          ("q.weight_packed", .u8, [48, 32]), ("q.weight_scale", .f8E4M3, [48, 4]),
          ("q.weight_global_scale", .f32, [1]),
        ], 3072, 193
      ),
      ("FP8", [("q.weight", .f8E4M3, [48, 64]), ("q.weight_scale_inv", .f32, [1, 1])], 3072, 1),
      ("nothing beside", [("q.qweight", .i32, [8, 48])], nil, 0),
      ("scales of another rank", [("q.qweight", .i32, [8, 48]), ("q.scales", .f16, [96])], nil, 96),
      ("five thirds of a bit", [("q.qweight", .i32, [8, 48]), ("q.g_idx", .i32, [150])], nil, 150),
      ("packed, without a shape", [("q.weight_packed", .i32, [8, 48])], nil, 0),
      (
        "MLX", [("q.weight", .u32, [64, 16]), ("q.scales", .f16, [64, 2]), ("q.biases", .f16, [64, 2])], nil,
        256
      ),
      (
        "HQQ", [("q.W_q", .u8, [64, 64]), ("q.scale", .f16, [64, 1]), ("q.zero", .f16, [64, 1])], nil, 128
      ),
      ("AQLM", [("q.codes", .i8, [64, 16, 2]), ("q.codebooks", .f16, [2, 4])], nil, 8),
      (
        "AQLM with its codebooks",
        [
          ("q.codes", .i8, [64, 16, 2]), ("q.codebooks", .f16, [2, 256, 1, 8]),
          ("q.scales", .f16, [64, 1, 1, 1]),
        ], 64 * 16 * 8, 2 * 256 * 8 + 64
      ),
      (
        "ExLlamaV2",
        [
          ("q.q_weight", .i32, [40, 96]), ("q.q_invperm", .i16, [128]), ("q.q_scale", .i32, [4, 12]),
          ("q.q_scale_max", .f16, [4]), ("q.q_groups", .i16, [8]),
        ], 128 * 96, 128 + 48 + 4 + 8
      ),
      (
        "ExLlamaV3",
        [("q.trellis", .i16, [8, 6, 48]), ("q.suh", .f16, [128]), ("q.svh", .f16, [96])], 128 * 96, 224
      ),
      ("QuIP#", [("q.Qidxs", .i64, [96, 4]), ("q.SU", .f16, [128]), ("q.SV", .f16, [96])], 128 * 96, 224),
      (
        "Quanto, four bits",
        [("q.weight._data", .u8, [48, 64]), ("q.weight._scale", .f16, [96, 1])], nil, 96
      ),
      (
        "Quanto, eight bits",
        [("q.weight._data", .i8, [48, 64]), ("q.weight._scale", .f16, [48, 1])], 48 * 64, 48
      ),
      ("Marlin", [("q.B", .i32, [8, 192]), ("q.s", .f16, [1, 96])], nil, 96),
      ("a method of another name", [("q.bits", .u8, [48, 64]), ("q.centroids", .f16, [16, 4])], nil, 64),
      ("a scale of no elements", [("q.qweight", .i32, [8, 0]), ("q.scales", .f16, [2, 0])], nil, 0),
    ]
    return cases
  }()

  private func inventory(_ file: File) throws -> Inventory {
    Inventory(
      flat: try file.map { try TensorSpec(name: TensorName($0.name), dtype: $0.dtype, shape: $0.shape) })
  }

  @Test("count by their elements, with the bookkeeping apart; what a file does not tell is said")
  func counted() throws {
    var count = 0
    for example in Self.cases {
      let inventory = try inventory(example.file)
      let stored = example.file[0].shape.reduce(1, *)
      for (preset, bookkeeping) in [(PolicyPreset.allStored, example.bookkeeping), (.pytorchParameters, 0)] {
        let counts = try inventory.counts(under: PolicyPreset.policy(named: preset.rawValue))
        #expect(
          counts.stored.parameters.value == (example.logical ?? stored) + bookkeeping, "\(example.words)")
        #expect(
          counts.stored.parameters.value + counts.stored.excluded.value
            == (example.logical ?? stored) + example.bookkeeping, "\(example.words)")
      }
      #expect(
        inventory.unknownPackings.map(\.name.text) == (example.logical == nil ? [example.file[0].name] : []),
        "\(example.words)")
      count += 1
    }
    #expect(count == 44)
  }

  @Test("bytes stay those that are stored, and containers are what a policy may count instead")
  func containers() throws {
    let file = try inventory([("q.weight", .u8, [1536, 1]), ("q.weight.absmax", .f32, [48])])
    let policy = try CountingPolicy(
      parsing: Array(
        #"{"format": "tessera.counting-policy/1", "id": "c", "version": 1, "title": "c", "elements": "containers"}"#
          .utf8))
    #expect(try file.counts(under: policy).stored.parameters.value == 1536 + 48)
    let stored = try file.counts(under: PolicyPreset.policy(named: "all-stored")).stored
    #expect(stored.bytes.value == 1536 + 4 * 48)
    #expect(stored.parameters.value == 3072 + 48)
  }

  @Test(
    "of compressed-tensors have the elements of the shape beside them, where their containers can hold it",
    arguments: [
      ([32, 64], 2048), ([32, 61], 1952), ([32, 8], 256), ([], 1), ([0, 64], nil), ([1 << 40, 1 << 40], nil),
      ([-1, 64], nil), ([32, 257], nil),
    ] as [([Int], Int?)])
  func declared(shape: [Int], logical: Int?) throws {
    var file = try inventory([("q.weight_packed", .i32, [32, 8]), ("q.weight_shape", .i64, [2])])
    #expect(file.declaredShapes == [0: "q.weight_shape"])
    file.declare(shape: shape, of: 0)
    let counts = try file.counts(under: PolicyPreset.policy(named: "pytorch-parameters"))
    #expect(counts.stored.parameters.value == logical ?? 256)
    #expect(file.unknownPackings.isEmpty == (logical != nil))
  }

  @Test("have the elements that config.json's bits and groups give, where the scales beside them agree")
  func groups() throws {
    var cases = 0
    for bits in [2, 3, 4, 5, 6, 8] {
      for size in [32, 64, 128] {
        for lead in [[96], [4, 96]] {
          let name = "m.q.weight"
          var file = try inventory([
            (name, .u32, lead + [256 * bits / 32]), ("m.q.scales", .f16, lead + [256 / size]),
            ("m.q.biases", .f16, lead + [256 / size]),
          ])
          #expect(file.asksForGroups && file.unknownPackings.map(\.name.text) == [name])
          let group = try #require(GroupQuantisation.Group(bits: bits, size: size))
          let other = try #require(GroupQuantisation.Group(bits: bits == 8 ? 4 : 8, size: size))
          let all = lead.reduce(1, *)
          for (quantisation, wanted) in [
            (GroupQuantisation(common: group), all * 256), (.init(common: other), all * 256 * bits / 32),
            (.init(common: other, modules: ["m.q": group]), all * 256),
            (.init(common: nil), all * 256 * bits / 32),
          ] {
            var counted = file
            counted.declare(quantisation)
            let row = try counted.counts(under: PolicyPreset.policy(named: "pytorch-parameters")).stored
            #expect(row.parameters.value == wanted, "\(bits) bits, groups of \(size)")
            #expect(counted.unknownPackings.isEmpty == (wanted == all * 256))
          }
          file.declare(GroupQuantisation(common: group))
          #expect(
            try file.counts(under: PolicyPreset.policy(named: "all-stored")).stored.parameters.value
              == all * (256 + 2 * 256 / size))
          cases += 1
        }
      }
    }
    #expect(cases == 36)
    #expect(
      GroupQuantisation.Group(bits: 0, size: 64) == nil && GroupQuantisation.Group(bits: 4, size: 0) == nil)
    // HQQ leaves two of 32 bits unused, and has groups along any dimension.
    var hqq = try inventory([
      ("q.W_q", .i32, [410, 60]), ("q.scale", .f16, [1, 3840]), ("q.zero", .f16, [1, 3840]),
    ])
    hqq.declare(GroupQuantisation(common: GroupQuantisation.Group(bits: 3, size: 64)))
    #expect(hqq.unknownPackings.isEmpty)
    var named = try inventory([
      ("q.W_q", .u8, [32, 64]), ("q.scale", .f16, [64, 1]), ("q.shape", .i32, [2]),
    ])
    #expect(named.declaredShapes == [0: "q.shape"])
    named.declare(shape: [64, 64], of: 0)
    #expect(named.packings[0]?.logical == 4096)
  }

  @Test("whole numbers without scales beside them, and bookkeeping, are no packed weights")
  func notPacked() throws {
    let file = try inventory([
      ("attn.relative_position_index", .i64, [49, 49]), ("attn.scale", .f32, [4]),
      ("q.qzeros", .i32, [2, 8]), ("q.scales", .f16, [2, 64]), ("r.index", .i32, [4, 4]),
      ("s.weight", .u8, [4, 4]), ("s.scale", .f32, []),
    ])
    #expect(file.packings.isEmpty, "\(file.packings)")
  }

  @Test("of an ONNX graph have the elements that their node says")
  func nodes() throws {
    func count(_ elements: Int?) throws -> Int {
      let use = OperatorUse(
        operation: "com.microsoft.MatMulNBits", input: 1, beside: nil, node: "node 'm'", elements: elements)
      let file = Inventory(
        flat: [try TensorSpec(name: "m_Q4", dtype: .u8, shape: [48, 2, 16])], uses: ["m_Q4": use])
      return try file.counts(under: PolicyPreset.policy(named: "pytorch-parameters")).stored.parameters.value
    }
    #expect(try count(48 * 64) == 3072)
    #expect(try count(48 * 61) == 2928)
    // More elements than bits are refused.
    #expect(try count(1 << 40) == 1536)
    #expect(try count(nil) == 1536)
  }
}
