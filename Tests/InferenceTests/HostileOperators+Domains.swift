import ONNXGraph
import TestSupport

extension HostileOperator {
  private static let few = 10_000_000
  private static let huge = 1 << 40
  private static let ml = "ai.onnx.ml"
  private static let ms = "com.microsoft"

  /// ai.onnx.ml
  static let learned: [HostileOperator] = [
    .init(operation: "TreeEnsembleRegressor", domain: ml, word: "itself", inputs: [.zeros([1, 1])]) {
      trees(&$0, targets: 1, below: { [0, $0 + 1] }, depth: 2, isEndless: true)
    },
    .init(
      operation: "TreeEnsembleRegressor", domain: ml, word: "steps", stepLimit: few,
      inputs: [.zeros([1 << 16, 1])]
    ) { trees(&$0, targets: 1, below: { [$0 + 1, $0 + 1] }, depth: 1000) },
    .init(operation: "TreeEnsembleRegressor", domain: ml, word: "elements", inputs: [.zeros([1, 1])]) {
      trees(&$0, targets: huge, below: { [$0 + 1, $0 + 1] }, depth: 2)
    },
    .init(
      operation: "SVMRegressor", domain: ml, word: "steps", stepLimit: few, inputs: [.zeros([1 << 16, 1])]
    ) { node in
      node.attribute("kernel_type", text: "RBF")
      node.attribute("n_supports", int: 256)
      node.attribute("kernel_params", floats: [1, 1, 1])
      node.attribute("support_vectors", floats: [Float](repeating: 0, count: 256))
      node.attribute("coefficients", floats: [Float](repeating: 0, count: 256))
      node.attribute("rho", floats: [0])
    },
    .init(operation: "SVMRegressor", domain: ml, word: "'op'", inputs: [.zeros([1, 0])]) { node in
      node.attribute("kernel_type", text: "RBF")
      node.attribute("n_supports", int: huge)
      node.attribute("kernel_params", floats: [1, 1, 1])
      node.attribute("coefficients", floats: [0])
      node.attribute("rho", floats: [0])
    },
    .init(operation: "LinearRegressor", domain: ml, word: "targets", inputs: [.zeros([1, 0])]) {
      $0.attribute("targets", int: huge)
    },
    .init(
      operation: "LinearRegressor", domain: ml, word: "steps", stepLimit: few, inputs: [.zeros([1 << 30, 0])]
    ) {
      $0.attribute("targets", int: 1)
    },
    .init(operation: "OneHotEncoder", domain: ml, word: "elements", inputs: [.zeros([1 << 20], type: 7)]) {
      $0.attribute("cats_int64s", ints: Array(0..<4096))
    },
    .init(
      operation: "LabelEncoder", domain: ml, word: "steps", stepLimit: few, inputs: [.zeros([1], type: 7)],
      trips: 10_000
    ) {
      node in
      node.attribute("classes_strings", texts: (0..<4096).map(String.init))
    },
    .init(operation: "FeatureVectorizer", domain: ml, word: "'op'", inputs: [.zeros([1, 1])]) {
      $0.attribute("inputdimensions", ints: [huge])
    },
    .init(operation: "ZipMap", domain: ml, word: "memory", inputs: [.zeros([1 << 30, 0])]) {
      $0.attribute("classlabels_int64s", ints: [])
    },
    .init(
      operation: "Scaler", domain: ml, word: "steps", stepLimit: few, inputs: [.zeros([1 << 20])], trips: 100
    ) { node in
      node.attribute("scale", floats: [1])
      node.attribute("offset", floats: [1])
    },
    .init(
      operation: "Imputer", domain: ml, word: "steps", stepLimit: few,
      inputs: [.zeros([1 << 10, 1 << 20, 0])], trips: 100
    ) {
      $0.attribute("imputed_value_floats", floats: [1])
    },
  ]

  /// A tree that is a chain of nodes: node i has the two nodes `below(i)`, and the last one is a leaf.
  private static func trees(
    _ node: inout WireWriter, targets: Int, below: (Int) -> [Int], depth: Int, isEndless: Bool = false
  ) {
    let numbers = Array(0...depth)
    node.attribute("n_targets", int: targets)
    node.attribute("nodes_treeids", ints: numbers.map { _ in 0 })
    node.attribute("nodes_nodeids", ints: numbers)
    node.attribute("nodes_featureids", ints: numbers.map { _ in 0 })
    node.attribute("nodes_values", floats: numbers.map { _ in 0 })
    node.attribute("nodes_modes", texts: numbers.map { $0 == depth ? "LEAF" : "BRANCH_LEQ" })
    node.attribute("nodes_truenodeids", ints: numbers.map { $0 == depth ? 0 : below($0)[0] })
    node.attribute("nodes_falsenodeids", ints: numbers.map { $0 == depth ? 0 : below($0)[1] })
    node.attribute("target_treeids", ints: [0])
    node.attribute("target_nodeids", ints: [depth])
    node.attribute("target_ids", ints: [0])
    node.attribute("target_weights", floats: [1])
  }

  static let microsoft: [HostileOperator] = [
    .init(
      operation: "FusedMatMul", domain: ms, word: "steps", stepLimit: few,
      inputs: [.zeros([1 << 10, 1 << 10]), .zeros([1 << 10, 1 << 10])]),
    .init(
      operation: "FusedGemm", domain: ms, word: "steps", stepLimit: few,
      inputs: [.zeros([1 << 10, 1 << 10]), .zeros([1 << 10, 1 << 10])]),
    .init(
      operation: "CDist", domain: ms, word: "elements",
      inputs: [.zeros([1 << 17, 1]), .zeros([1 << 17, 1])]),
    .init(
      operation: "Inverse", domain: ms, word: "steps", stepLimit: few, inputs: [.zeros([1 << 10, 1 << 10])]),
    .init(
      operation: "Range", domain: ms, word: "elements",
      inputs: [
        .ints([0], shape: []), .ints([.max], shape: []), .ints([1], shape: []),
      ]),
    .init(
      operation: "QLinearAdd", domain: ms, word: "elements",
      inputs: [
        .zeros([1 << 17, 1], type: 2), .floats([1]), .none, .zeros([1 << 17], type: 2), .floats([1]), .none,
        .floats([1]),
      ]),
    .init(
      operation: "MatMulNBits", domain: ms, word: "'op'",
      inputs: [
        .zeros([1, 32]), .zeros([1, 1, 16], type: 2), .floats([1]),
      ]
    ) { node in
      node.attribute("K", int: huge)
      node.attribute("N", int: huge)
      node.attribute("block_size", int: 32)
    },
    .init(
      operation: "MatMulNBits", domain: ms, word: "steps", stepLimit: few,
      inputs: [
        .zeros([1 << 10, 1 << 10]), .zeros([1 << 10, 32, 16], type: 2), .zeros([1 << 15]),
      ]
    ) { node in
      node.attribute("K", int: 1 << 10)
      node.attribute("N", int: 1 << 10)
      node.attribute("block_size", int: 32)
    },
    .init(
      operation: "GroupQueryAttention", domain: ms, word: "elements",
      inputs: [
        .zeros([1, 1, 8]), .zeros([1, 1, 8]), .zeros([1, 1, 8]), .none, .none, .int32s([0]),
        .int32s([1 << 30]),
      ]
    ) { node in
      node.attribute("num_heads", int: 1)
      node.attribute("kv_num_heads", int: 1)
    },
    .init(
      operation: "GroupQueryAttention", domain: ms, word: "heads",
      inputs: [
        .zeros([1, 1, 0]), .zeros([1, 1, 0]), .zeros([1, 1, 0]), .none, .none, .int32s([0]), .int32s([1]),
      ]
    ) { node in
      node.attribute("num_heads", int: 1 << 30)
      node.attribute("kv_num_heads", int: 1 << 30)
      node.attribute("smooth_softmax", int: 1)
    },
    .init(
      operation: "MultiHeadAttention", domain: ms, word: "steps", stepLimit: few,
      inputs: [
        .zeros([1, 1 << 10, 64]), .zeros([1, 1 << 10, 64]), .zeros([1, 1 << 10, 64]),
      ]
    ) { $0.attribute("num_heads", int: 1) },
    .init(
      operation: "EmbedLayerNormalization", domain: ms, word: "'op'", stepLimit: few,
      inputs: [
        .zeros([1 << 10, 1 << 10], type: 6), .none, .zeros([1, 64]), .zeros([1 << 10, 64]), .none,
        .zeros([64]),
        .zeros([64]),
      ]),
    .init(
      operation: "BiasSoftmax", domain: ms, word: "steps", stepLimit: few,
      inputs: [
        .zeros([1 << 10, 1 << 10]), .zeros([1 << 10, 1 << 10]),
      ], trips: 100
    ) { node in
      node.attribute("axis", int: 1)
      node.attribute("is_inner_broadcast", int: 1)
    },
  ]
}
