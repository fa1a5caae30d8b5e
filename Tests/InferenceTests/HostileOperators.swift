import ONNXGraph
import TestSupport

/// One or more models for each family of operators.
extension HostileOperator {
  static let all: [HostileOperator] =
    random + text + sequences + indices + quantised + attention + sampling + windows + recurrent + learned
    + microsoft + counts

  private static let huge = 1 << 40
  private static let few = 10_000_000

  private static let random: [HostileOperator] = [
    .init(operation: "RandomUniform", word: "elements") { $0.attribute("shape", ints: [huge]) },
    .init(operation: "RandomNormal", word: "memory") { $0.attribute("shape", ints: [1 << 31]) },
    .init(operation: "RandomNormal", word: "dimensions") {
      $0.attribute("shape", ints: [Int](repeating: 1, count: 4096))
    },
    .init(operation: "Multinomial", word: "elements", inputs: [.zeros([1, 3])]) {
      $0.attribute("sample_size", int: huge)
    },
    .init(operation: "Multinomial", word: "steps", stepLimit: few, inputs: [.zeros([2, 3])]) {
      $0.attribute("sample_size", int: 1 << 22)
    },
  ]

  private static let long = String(repeating: "a", count: 1 << 14)
  private static let digits = String(repeating: "1", count: 1 << 14)

  private static let text: [HostileOperator] = [
    .init(
      operation: "RegexFullMatch", opset: 20, word: "steps", stepLimit: few, inputs: [.repeated(long, 1000)]
    ) { $0.attribute("pattern", text: "(a|b|ab)*c") },
    .init(
      operation: "RegexFullMatch", opset: 20, word: "steps of arithmetic", stepLimit: few,
      inputs: [.texts([long])]
    ) {
      $0.attribute("pattern", text: "((a{1,30}){1,30}){1,1}(a?){900}")
    },
    .init(
      operation: "StringSplit", opset: 20, word: "steps", stepLimit: few,
      inputs: [.texts([long])]
    ) { $0.attribute("delimiter", text: String(long.dropLast(1000)) + "b") },
    .init(
      operation: "StringSplit", opset: 20, word: "steps", stepLimit: few, inputs: [.repeated(long, 1000)]),
    .init(
      operation: "StringConcat", opset: 20, word: "steps", stepLimit: few,
      inputs: [.repeated(long, 1000), .texts(["b"])]),
    .init(operation: "StringNormalizer", word: "steps", stepLimit: few, inputs: [.repeated(long, 1000)]) {
      $0.attribute("case_change_action", text: "UPPER")
    },
    .init(operation: "Cast", word: "steps", stepLimit: few, inputs: [.repeated(digits, 1000)]) {
      $0.attribute("to", int: 1)
    },
    .init(operation: "TfIdfVectorizer", word: "elements", inputs: [.zeros([1], type: 7)]) {
      grams(&$0, index: (1 << 40) - 1, skips: 0)
    },
    .init(operation: "TfIdfVectorizer", word: "steps", stepLimit: few, inputs: [.zeros([1 << 14], type: 7)]) {
      grams(&$0, index: 0, skips: .max)
    },
  ]

  private static func grams(_ node: inout WireWriter, index: Int, skips: Int) {
    node.attribute("mode", text: "TF")
    node.attribute("min_gram_length", int: 2)
    node.attribute("max_gram_length", int: 2)
    node.attribute("max_skip_count", int: skips)
    node.attribute("ngram_counts", ints: [0, 0])
    node.attribute("ngram_indexes", ints: [index])
    node.attribute("pool_int64s", ints: [0, 0])
  }

  private static let sequences: [HostileOperator] = [
    .init(operation: "SplitToSequence", word: "memory", inputs: [.zeros([1 << 30, 0])]),
    .init(
      operation: "SplitToSequence", word: "steps", stepLimit: few,
      inputs: [.zeros([0]), .zeros([1 << 20], type: 7)]),
    .init(operation: "Split", word: "parts", inputs: [.zeros([0]), .zeros([1 << 20], type: 7)]),
    .init(operation: "Split", opset: 11, word: "parts", inputs: [.zeros([0])]) {
      $0.attribute("split", ints: [Int](repeating: 0, count: 1 << 12))
    },
    .init(operation: "Scan", word: "trips", inputs: [.zeros([1 << 30, 0])]) { node in
      node.attribute("num_scan_inputs", int: 1)
      node.attribute("body") { body in
        body.value(11, "v")
        body.node("Identity", ["v"], ["w"])
        body.value(12, "w")
      }
    },
    .init(operation: "Scan", opset: 8, word: "memory", inputs: [.none, .zeros([1 << 30, 1, 0])]) { node in
      node.attribute("num_scan_inputs", int: 1)
      node.attribute("body") { body in
        body.value(11, "v")
        body.node("Identity", ["v"], ["w"])
        body.value(12, "w")
      }
    },
    .init(operation: "Sum", word: "steps", stepLimit: few, inputs: [.zeros([1 << 12])], copies: 4096),
  ]

  private static let indices: [HostileOperator] = [
    .init(operation: "Unique", word: "memory", inputs: [.zeros([1 << 30, 0])]) {
      $0.attribute("axis", int: 0)
    },
    .init(
      operation: "GatherND", word: "steps", stepLimit: few,
      inputs: [.zeros([]), .zeros([1 << 30, 0], type: 7)]),
    .init(
      operation: "ScatterND", word: "steps", stepLimit: few,
      inputs: [.zeros([0]), .zeros([1 << 30, 0], type: 7), .zeros([1 << 30, 0])]),
    .init(
      operation: "ScatterND", word: "steps", stepLimit: few,
      inputs: [
        .zeros([1 << 10]), .zeros([1 << 10, 0], type: 7), .zeros([1 << 10, 1 << 10]),
      ], trips: 1000),
    .init(
      operation: "ReverseSequence", word: "steps", stepLimit: few,
      inputs: [.zeros([1 << 10, 1 << 15, 0]), .zeros([1 << 15], type: 7)]),
    .init(operation: "Det", word: "steps", stepLimit: few, inputs: [.zeros([1 << 10, 1 << 10])]),
    .init(
      operation: "NonZero", word: "steps", stepLimit: few, inputs: [.zeros([1 << 10, 1 << 10])], trips: 1000),
    .init(
      operation: "TopK", word: "steps", stepLimit: few, inputs: [.zeros([1 << 20]), .ints([1])], trips: 1000),
    .init(operation: "EyeLike", word: "steps", stepLimit: few, inputs: [.zeros([1 << 30, 0])], trips: 1000),
    .init(
      operation: "TensorScatter", word: "steps", stepLimit: few,
      inputs: [.zeros([1 << 30, 0, 1]), .zeros([1 << 30, 0, 1])]),
    .init(
      operation: "Expand", word: "dimensions",
      inputs: [.zeros([]), .ints([Int](repeating: 1, count: 1 << 12))]),
    .init(
      operation: "Reshape", word: "dimensions",
      inputs: [.zeros([]), .ints([Int](repeating: 1, count: 1 << 12))]),
    .init(operation: "Unsqueeze", opset: 11, word: "axes", inputs: [.zeros([])]) {
      $0.attribute("axes", ints: Array(0..<4096))
    },
    .init(operation: "CenterCropPad", word: "elements", inputs: [.zeros([1]), .ints([huge])]),
  ]

  private static let quantised: [HostileOperator] = [
    .init(
      operation: "MatMulInteger", word: "steps", stepLimit: few,
      inputs: [.zeros([1 << 10, 1 << 10], type: 2), .zeros([1 << 10, 1 << 10], type: 2)]),
    .init(
      operation: "ConvInteger", word: "steps", stepLimit: few,
      inputs: [.zeros([1, 16, 64, 64], type: 2), .zeros([16, 16, 9, 9], type: 2)]),
    .init(
      operation: "QuantizeLinear", word: "steps", stepLimit: few,
      inputs: [.zeros([1 << 20]), .floats([1])], trips: 100),
  ]

  private static let attention: [HostileOperator] = [
    .init(
      operation: "Attention", word: "elements",
      inputs: [.zeros([1, 1, 1 << 17, 1]), .zeros([1, 1, 1 << 17, 1]), .zeros([1, 1, 1 << 17, 1])]),
    .init(
      operation: "Attention", word: "steps", stepLimit: few,
      inputs: [.zeros([1, 1, 1 << 10, 64]), .zeros([1, 1, 1 << 10, 64]), .zeros([1, 1, 1 << 10, 64])]),
    .init(
      operation: "Attention", word: "steps", stepLimit: few,
      inputs: [.zeros([1, 1 << 20, 1, 0]), .zeros([1, 1, 1, 0]), .zeros([1, 1, 1, 0])]),
    .init(
      operation: "LinearAttention", word: "elements",
      inputs: [.zeros([1, 1, 1 << 17]), .zeros([1, 1, 1 << 17]), .zeros([1, 1, 1 << 17])]
    ) { node in
      node.attribute("q_num_heads", int: 1)
      node.attribute("kv_num_heads", int: 1)
      node.attribute("update_rule", text: "linear")
    },
    .init(
      operation: "LinearAttention", word: "heads",
      inputs: [.zeros([1, 1, 0]), .zeros([1, 1, 0]), .zeros([1, 1, 0])]
    ) { node in
      node.attribute("q_num_heads", int: 1 << 30)
      node.attribute("kv_num_heads", int: 1 << 30)
      node.attribute("update_rule", text: "linear")
    },
    .init(
      operation: "RotaryEmbedding", word: "steps", stepLimit: few,
      inputs: [
        .zeros([1 << 12, 1 << 12, 1 << 6, 0]), .zeros([1 << 12, 1 << 12, 0]), .zeros([1 << 12, 1 << 12, 0]),
      ]),
    .init(
      operation: "CausalConvWithState", word: "steps", stepLimit: few,
      inputs: [.zeros([1, 1, 1 << 16]), .zeros([1, 1, 1 << 12])]),
  ]

  private static let sampling: [HostileOperator] = [
    .init(
      operation: "GridSample", word: "steps", stepLimit: few,
      inputs: [.zeros([1, 1, 2, 2]), .zeros([1, 1 << 10, 1 << 10, 2])]
    ) { $0.attribute("mode", text: "cubic") },
    .init(
      operation: "DeformConv", word: "steps", stepLimit: few,
      inputs: [.zeros([1, 16, 64, 64]), .zeros([16, 16, 9, 9]), .zeros([1, 162, 56, 56])]),
    .init(
      operation: "RoiAlign", word: "steps",
      inputs: [.zeros([1, 1, 2, 2]), .zeros([1, 4]), .ints([0])]
    ) { $0.attribute("sampling_ratio", int: 1 << 30) },
    .init(
      operation: "MaxRoiPool", word: "elements", inputs: [.zeros([1, 1, 2, 2]), .zeros([1, 5])]
    ) { $0.attribute("pooled_shape", ints: [huge, huge]) },
    .init(
      operation: "NonMaxSuppression", word: "steps", stepLimit: few,
      inputs: [.zeros([1, 1 << 13, 4]), .zeros([1, 1, 1 << 13]), .ints([1 << 20])]),
    .init(operation: "AffineGrid", word: "elements", inputs: [.zeros([1, 2, 3]), .ints([1, 1, huge, 1])]),
    .init(
      operation: "Col2Im", word: "elements",
      inputs: [.zeros([1, 1, 1]), .ints([1 << 30, 1 << 30]), .ints([1, 1])]),
    .init(
      operation: "MaxUnpool", word: "elements",
      inputs: [.zeros([1, 1, 1]), .zeros([1, 1, 1], type: 7), .ints([1, 1, huge])]
    ) { $0.attribute("kernel_shape", ints: [1]) },
    .init(operation: "LpPool", word: "steps", stepLimit: few, inputs: [.zeros([1, 1, 1 << 10, 1 << 10])]) {
      node in
      node.attribute("kernel_shape", ints: [512, 512])
    },
    .init(operation: "MaxPool", word: "steps", stepLimit: few, inputs: [.zeros([1, 1, 1 << 12])]) { node in
      node.attribute("kernel_shape", ints: [1 << 12])
      node.attribute("pads", ints: [1 << 12, 1 << 12])
    },
  ]

  private static let windows: [HostileOperator] = [
    .init(operation: "HannWindow", word: "elements", inputs: [.ints([huge], shape: [])]),
    .init(
      operation: "MelWeightMatrix", word: "elements",
      inputs: [
        .ints([huge], shape: []), .ints([16], shape: []), .ints([16], shape: []), .zeros([]), .zeros([]),
      ]),
    .init(operation: "DFT", word: "elements", inputs: [.zeros([1, 1, 1]), .ints([huge], shape: [])]),
    .init(operation: "DFT", word: "steps", stepLimit: few, inputs: [.zeros([1, 1 << 20, 1])]),
    .init(operation: "DFT", word: "steps", stepLimit: few, inputs: [.zeros([1 << 11, 1021, 1])]),
    .init(
      operation: "STFT", word: "elements",
      inputs: [
        .zeros([1, 1 << 20, 1]), .ints([1], shape: []), .none, .ints([1 << 16], shape: []),
      ]),
    .init(operation: "STFT", word: "memory", inputs: [.zeros([0, 1 << 31, 1]), .ints([1], shape: [])]),
  ]

  private static let recurrent: [HostileOperator] = [
    .init(
      operation: "RNN", word: "steps", stepLimit: few,
      inputs: [
        .zeros([1 << 14, 1, 1]), .zeros([1, 1 << 8, 1]), .zeros([1, 1 << 8, 1 << 8]),
      ]),
    .init(
      operation: "LSTM", word: "steps", stepLimit: few,
      inputs: [
        .zeros([1 << 14, 1, 1]), .zeros([1, 1 << 8, 1]), .zeros([1, 1 << 8, 1 << 6]),
      ]),
    .init(
      operation: "GRU", word: "sequences",
      inputs: [
        .zeros([0, 1 << 31, 1]), .zeros([1, 3, 1]), .zeros([1, 3, 1]),
      ]),
    .init(
      operation: "RNN", word: "steps", stepLimit: few,
      inputs: [
        .zeros([1 << 30, 0, 1]), .zeros([1, 1, 1]), .zeros([1, 1, 1]),
      ]),
  ]

  private static let counts: [HostileOperator] = [
    .init(operation: "Max", word: "steps", stepLimit: few, inputs: [.zeros([1 << 20])], trips: 100),
    .init(operation: "ReduceSum", word: "steps", stepLimit: few, inputs: [.zeros([1 << 20])], trips: 100),
    .init(operation: "Upsample", opset: 9, word: "elements", inputs: [.zeros([1]), .floats([1e12])]),
    .init(
      operation: "NegativeLogLikelihoodLoss", word: "steps", stepLimit: few,
      inputs: [
        .zeros([1 << 10, 1, 1 << 15, 0]), .zeros([1 << 10, 1 << 15, 0], type: 7),
      ]),
  ]
}
