public import ByteFiles

/// An ONNX model: its graph, and the operator sets that define its nodes. Weights stay in the file.
///
/// Source: onnx/onnx.proto, `ModelProto`.
public struct Model: Sendable {
  /// The file of the model, which holds the weights.
  public let file: ReadableFile
  /// `ir_version`.
  public let irVersion: Int
  /// The version of each operator set, by domain; `ai.onnx` is the empty domain.
  public let opsets: [String: Int]
  /// `producer_name` and `producer_version`, as text.
  public let producer: String
  /// The main graph.
  public let graph: Graph
  /// The model's own functions.
  public let functions: [Function]
  /// `metadata_props`.
  public let metadata: [(key: String, value: String)]

  /// The path of the model's file.
  package var path: String { file.path }

  /// Reads the model in `file`: everything but the elements of its tensors.
  public init(_ file: ReadableFile) throws(GraphError) {
    self = try ModelDecoder(file).model()
  }

  /// The model with another main graph, and optionally with other functions.
  package func replacing(graph: Graph, functions: [Function]? = nil) -> Model {
    Model(
      file: file, irVersion: irVersion, opsets: opsets, producer: producer, graph: graph,
      functions: functions ?? self.functions, metadata: metadata)
  }

  init(
    file: ReadableFile, irVersion: Int, opsets: [String: Int], producer: String, graph: Graph,
    functions: [Function], metadata: [(key: String, value: String)]
  ) {
    self.file = file
    self.irVersion = irVersion
    self.opsets = opsets
    self.producer = producer
    self.graph = graph
    self.functions = functions
    self.metadata = metadata
  }
}

/// `GraphProto`.
public struct Graph: Sendable {
  /// `name`.
  public var name = ""
  /// The nodes in the order of the file, which should be an order in which they can run.
  public var nodes: [Node] = []
  /// Dense tensors of the graph.
  public var initializers: [TensorConstant] = []
  /// Sparse tensors of the graph; their names are those of their values.
  public var sparseInitializers: [SparseConstant] = []
  /// Inputs; before IR version 4 they also list every initializer.
  public var inputs: [ValueInfo] = []
  /// Outputs.
  public var outputs: [ValueInfo] = []

  /// An empty graph.
  public init() {}

  /// The inputs without an initializer, which a caller must supply.
  public var requiredInputs: [ValueInfo] {
    let known = Set(initializers.map(\.name)).union(sparseInitializers.map(\.values.name))
    return inputs.filter { !known.contains($0.name) }
  }
}

/// `NodeProto`: one use of an operator.
public struct Node: Sendable {
  /// `name`, often empty.
  public var name = ""
  /// `op_type`.
  public var operation = ""
  /// The operator's domain; empty for ONNX's own.
  public var domain = ""
  /// `overload` of a function.
  public var overload = ""
  /// Names of values; an empty name is an optional input that is not given.
  public var inputs: [String] = []
  /// Names of values; an empty name is an optional output that is not used.
  public var outputs: [String] = []
  /// Attributes by name.
  public var attributes: [String: AttributeValue] = [:]

  /// An empty node.
  public init() {}

  /// The node in messages: its name, or else its first output, and its operator.
  public var shown: String {
    let called = name.isEmpty ? (outputs.first { !$0.isEmpty } ?? "") : name
    return "node \(quoted(called)) (\(plain(domain.isEmpty ? operation : domain + "." + operation)))"
  }
}

/// `AttributeProto`.
public enum AttributeValue: Sendable {
  case float(Float)
  case int(Int64)
  /// Bytes, which are text in most attributes.
  case string([UInt8])
  case tensor(TensorConstant)
  indirect case graph(Graph)
  case floats([Float])
  case ints([Int64])
  case strings([[UInt8]])
  case tensors([TensorConstant])
  case graphs([Graph])
  case sparse(SparseConstant)
  case type(ValueType)
  /// Within a function: the calling node's attribute of this name.
  case reference(String)
  /// A value of a kind that no operator here uses: the range of the attribute's message in the file.
  case other(Range<Int>)
}

/// `ValueInfoProto`: the name of a value and its declared type.
public struct ValueInfo: Sendable {
  /// The name.
  public let name: String
  /// The type; nil if the file does not declare it.
  public let type: ValueType?

  /// A value of that name and type.
  public init(name: String, type: ValueType?) {
    self.name = name
    self.type = type
  }
}

/// `TypeProto`.
public indirect enum ValueType: Sendable {
  /// A dense tensor; the shape is nil if even the rank is open.
  case tensor(ElementType?, shape: [Extent]?)
  case sequence(ValueType)
  case optional(ValueType)
  /// Sparse tensors, maps and opaque types.
  case other
}

/// A dimension of a declared shape.
public enum Extent: Sendable, Equatable {
  case fixed(Int)
  /// Any extent, the same for every use of the name.
  case named(String)
  case open
}

/// `FunctionProto`: an operator that the model defines by a graph.
public struct Function: Sendable {
  /// `name`.
  public var name = ""
  /// `domain`.
  public var domain = ""
  /// `overload`: distinguishes functions of one name.
  public var overload = ""
  /// Names of values that get the calling node's inputs.
  public var inputs: [String] = []
  /// Names of values that become the calling node's outputs.
  public var outputs: [String] = []
  /// The body.
  public var nodes: [Node] = []
  /// Versions of operator sets for `nodes`.
  public var opsets: [String: Int] = [:]
  /// Attributes that a call may leave out, with their default values.
  public var defaults: [String: AttributeValue] = [:]
}
