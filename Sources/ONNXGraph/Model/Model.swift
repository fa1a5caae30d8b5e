public import ByteFiles

/// An ONNX model: its graph, and the operator sets that define its nodes. Weights stay in the file.
///
/// Source: onnx/onnx.proto, `ModelProto`.
public struct Model: Sendable {
  /// The model's file, which contains the weights.
  public let file: ReadableFile
  /// The file's `ir_version`.
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

  /// Reads the model in `file`, except the elements of its tensors.
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

/// One graph of a model (`GraphProto`).
public struct Graph: Sendable {
  /// The graph's `name`; often empty.
  public var name = ""
  /// The nodes in the order of the file. ONNX requires an order in which they can run.
  public var nodes: [Node] = []
  /// Dense tensors of the graph.
  public var initializers: [TensorConstant] = []
  /// Sparse tensors of the graph; each has the name of its values.
  public var sparseInitializers: [SparseConstant] = []
  /// The inputs; before IR version 4 these include every initializer.
  public var inputs: [ValueInfo] = []
  /// The outputs, in the order of the file.
  public var outputs: [ValueInfo] = []

  /// A graph without nodes and tensors.
  public init() {}

  /// The inputs without an initializer; a caller must supply them.
  public var requiredInputs: [ValueInfo] {
    let known = Set(initializers.map(\.name)).union(sparseInitializers.map(\.values.name))
    return inputs.filter { !known.contains($0.name) }
  }
}

/// One use of an operator (`NodeProto`).
public struct Node: Sendable {
  /// The node's `name`; often empty.
  public var name = ""
  /// The operator's name (`op_type`).
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

  /// A node without operator, inputs and outputs.
  public init() {}

  /// The node in messages: its name, or else its first output, and its operator.
  public var shown: String {
    let called = name.isEmpty ? (outputs.first { !$0.isEmpty } ?? "") : name
    return "node \(quoted(called)) (\(plain(domain.isEmpty ? operation : domain + "." + operation)))"
  }
}

/// The value of an attribute (`AttributeProto`).
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
  /// In a function: the calling node's attribute of this name.
  case reference(String)
  /// A value of a kind that no operator here uses, as the range of the attribute's message in the file.
  case other(Range<Int>)
}

/// The name of a value and its declared type (`ValueInfoProto`).
public struct ValueInfo: Sendable {
  /// The value's name, unique in its graph.
  public let name: String
  /// The type; nil if the file does not declare it.
  public let type: ValueType?

  /// A value with a name and a declared type, or nil.
  public init(name: String, type: ValueType?) {
    self.name = name
    self.type = type
  }
}

/// A declared type (`TypeProto`).
public indirect enum ValueType: Sendable {
  /// A dense tensor; the shape is nil if even the rank is open.
  case tensor(ElementType?, shape: [Extent]?)
  case sequence(ValueType)
  case optional(ValueType)
  /// A value for each key; the keys are whole numbers or text.
  case map(key: ElementType?, ValueType)
  /// A sparse tensor or an opaque type.
  case other
}

/// A dimension of a declared shape.
public enum Extent: Sendable, Equatable {
  case fixed(Int)
  /// An open extent with a name; it is the same wherever the name occurs.
  case named(String)
  case open
}

/// `FunctionProto`: an operator that the model defines by a graph.
public struct Function: Sendable {
  /// The function's `name`.
  public var name = ""
  /// The function's `domain`.
  public var domain = ""
  /// The function's `overload`, which distinguishes functions of one name.
  public var overload = ""
  /// The names by which the body uses the calling node's inputs.
  public var inputs: [String] = []
  /// The names of the values that the calling node returns as outputs.
  public var outputs: [String] = []
  /// The nodes of the body, in the order of the file.
  public var nodes: [Node] = []
  /// The versions of operator sets for `nodes`, by domain.
  public var opsets: [String: Int] = [:]
  /// Attributes that a call need not give, with their default values.
  public var defaults: [String: AttributeValue] = [:]
}
