internal import Pickle
internal import Tensors

/// A run of elements: outside the pickle that names it or, for an array, inside the pickle.
struct TorchStorage: Hashable {
  let key: String
  /// The dtype; nil for untyped bytes, and for elements that no tensor here has.
  let dtype: DType?
  let className: String
  let itemSize: Int
  let count: Int
  /// The position in the pickle, if the elements are stored there; else nil.
  var pickled: PickledBytes?
  /// The byte order of this storage; nil for the file's.
  var isBigEndian: Bool?

  /// The number of bytes; the reader has checked that it fits an Int.
  var byteCount: Int { count * itemSize }
}

/// A tensor as its pickle describes it: a storage, and the layout of the elements in it.
struct TorchTensor: Hashable {
  /// Index in the list of storages.
  let storage: Int
  let dtype: DType
  /// The bytes of one element, as PyTorch counts elements.
  let itemSize: Int
  /// The layout, in elements as PyTorch counts them.
  let strides: TorchStrides
  /// Extents in elements of `dtype`; a packed PyTorch element holds two.
  let shape: [Int]
}

/// A pickled value that is a tensor, or a tensor that is not read here.
enum TorchValue {
  case tensor(TorchTensor)
  /// A description of a tensor that is not read here.
  case foreign(String)
  /// A description of a part of a tensor, whose other parts are in the files of other ranks.
  case piece(String)
}

/// Reads tensors and storages from a pickle's tree.
struct TorchDecoder {
  let tree: PickleTree
  let path: String
  var storages: [TorchStorage] = []
  var numbers: [String: Int] = [:]
  /// For each key, the part of the storage that was assigned to it.
  var views: [String: StorageView] = [:]
  /// Keys of storages that belong to tensors that are not read here.
  private(set) var foreignKeys: Set<String> = []
  /// Values whose storages have been recorded.
  private var noted: Set<PickleRef> = []
  private let arrays: NumPyReader
  private var knownArrays: [PickleRef: TorchValue] = [:]

  init(tree: PickleTree, path: String, home: PickleHome) {
    self.tree = tree
    self.path = path
    arrays = NumPyReader(tree: tree, path: path, texts: PickledTexts(home, path: path))
  }

  /// The kinds of values that are tensors.
  private enum Leaf {
    case storage
    case tensor(TorchGlobals.Rebuild)
    case array(NumPyGlobals.Rebuild)
    /// A description.
    case foreign(String)
  }

  private func kind(_ ref: PickleRef) -> Leaf? {
    switch tree.value(ref) {
    case .persistent: return storageArguments(ref) == nil ? nil : .storage
    case .object:
      guard case .global(let global) = tree.value(tree.children(ref)[0]) else { return nil }
      if let rebuild = TorchGlobals.rebuild(global) { return .tensor(rebuild) }
      if let rebuild = NumPyGlobals.rebuild(global) {
        return rebuild == .scalar && !arrays.isNumber(ref) ? nil : .array(rebuild)
      }
      if TorchGlobals.isUninitialised(global) { return .foreign("a parameter that has no elements yet") }
      // An unknown call may make anything from a storage's elements; a container keeps tensors and storages unchanged.
      let arguments = tree.children(tree.children(ref)[1]).prefix(64)
      guard !TorchGlobals.isDictionary(global), arguments.contains(where: { storageArguments($0) != nil })
      else { return nil }
      return .foreign("the result of \(TensorName(global.description).quoted) on a storage")
    default: return nil
    }
  }

  /// Whether the value is a tensor, or a storage by itself.
  func isLeaf(_ ref: PickleRef) -> Bool { kind(ref) != nil }

  /// Whether the value is a NumPy array or scalar.
  func isArray(_ ref: PickleRef) -> Bool { if case .array? = kind(ref) { true } else { false } }

  /// Decodes a leaf; `place` is its name in messages.
  mutating func decode(_ ref: PickleRef, place: String) throws(FlatFormatError) -> TorchValue {
    switch kind(ref) {
    case .storage?: return try bareStorage(ref, place)
    case .tensor(let rebuild)?:
      return try decode(rebuild, of: ref, place, depth: 0)
    case .array(let rebuild)?: return try array(ref, rebuild, place)
    case .foreign(let words)?: return .foreign(words)
    case nil: throw refusal(.torchTensor, place, "a tensor", "another object")
    }
  }

  /// Refuses a tensor that is changed after it was made: in Python its elements would differ from its storage.
  /// `Tensor.__setstate__` gives it another storage, and items that are set are written into its elements.
  private func requireUnchanged(_ ref: PickleRef, _ place: String) throws(FlatFormatError) {
    guard tree.isChanged(ref) else { return }
    let what = tree.states(ref).isEmpty ? "items that are set in it" : "a state that replaces it (BUILD)"
    throw refusal(.torchTensor, place, "a tensor as it was rebuilt", what)
  }

  /// Refuses the same for a state that a rebuilding function sets: some of its entries replace elements.
  private func requireHarmless(state: PickleRef, _ place: String) throws(FlatFormatError) {
    let edges = TorchEdges(tree: tree)
    let parts = tree.value(state) == .tuple ? Array(tree.children(state).prefix(2)) : [state]
    for edge in parts.flatMap(edges.edges) {
      guard let label = edge.label, ["data", "real", "imag"].contains(label) else { continue }
      throw refusal(
        .torchTensor, place, "a tensor as it was rebuilt", "an attribute \(label) that replaces its elements")
    }
  }

  /// Decodes an array; its elements are a storage of their own, inside the pickle.
  private mutating func array(
    _ ref: PickleRef, _ rebuild: NumPyGlobals.Rebuild, _ place: String
  ) throws(FlatFormatError) -> TorchValue {
    if let known = knownArrays[ref] { return known }
    let value: TorchValue
    switch try arrays.value(ref, rebuild, place: place) {
    case .foreign(let words): value = .foreign(words)
    case .plainValue: value = .foreign("a scalar that is not a number")
    case .array(let array):
      let itemSize = array.dtype.bytes ?? 1
      storages.append(
        TorchStorage(
          key: "array \(ref.index)", dtype: array.dtype, className: "ndarray", itemSize: itemSize,
          count: array.strides.shape.reduce(1, *), pickled: array.bytes, isBigEndian: array.isBigEndian))
      value = .tensor(
        TorchTensor(
          storage: storages.count - 1, dtype: array.dtype, itemSize: itemSize, strides: array.strides,
          shape: array.strides.shape))
    }
    knownArrays[ref] = value
    return value
  }

  /// Records the storages of a tensor that is not read here.
  mutating func noteStorages(of leaf: PickleRef) {
    var left = [leaf]
    while let ref = left.popLast() {
      // Each value is visited once for all leaves, so all leaves together take at most as many steps as the pickle has
      // values.
      guard noted.insert(ref).inserted else { continue }
      if let arguments = storageArguments(ref), arguments.count > 2, let key = key(arguments[2]) {
        foreignKeys.insert(key)
      }
      left += tree.children(ref) + tree.states(ref) + tree.entries(ref) + tree.items(ref)
    }
  }

  private func rebuild(of ref: PickleRef) -> TorchGlobals.Rebuild? {
    guard case .global(let global) = tree.value(tree.children(ref)[0]) else { return nil }
    return TorchGlobals.rebuild(global)
  }

  private mutating func decode(
    _ rebuild: TorchGlobals.Rebuild, of ref: PickleRef, _ place: String, depth: Int
  ) throws(FlatFormatError) -> TorchValue {
    try requireUnchanged(ref, place)
    return try decode(rebuild, tree.children(tree.children(ref)[1]), place, depth: depth)
  }

  private mutating func decode(
    _ rebuild: TorchGlobals.Rebuild, _ arguments: [PickleRef], _ place: String, depth: Int
  ) throws(FlatFormatError) -> TorchValue {
    if let foreign = rebuild.foreign {
      var words = foreign
      if rebuild == .wrapper, let type = arguments.first, case .global(let global) = tree.value(type) {
        if TorchGlobals.isOfRanks(global) { return .piece("a tensor of several ranks, '\(global)'") }
        words += ", \(TensorName(global.description).quoted)"
      }
      return .foreign("\(words) (\(rebuild.rawValue))")
    }
    switch rebuild {
    case .parameter, .parameterWithState:
      guard let data = arguments.first, isObject(data), depth < 8 else {
        throw refusal(.torchTensor, place, "a parameter's tensor", "another value")
      }
      guard let inner = self.rebuild(of: data) else { return .foreign("a parameter that is not a tensor") }
      if rebuild == .parameterWithState, let state = arguments.dropFirst(3).first {
        try requireHarmless(state: state, place)
      }
      return try decode(inner, of: data, place, depth: depth + 1)
    case .fromType:
      guard arguments.count >= 3, case .global(let function) = tree.value(arguments[0]),
        case .tuple = tree.value(arguments[2]), depth < 8
      else {
        throw refusal(
          .torchTensor, place, "a function that rebuilds a tensor, and its arguments", "other values")
      }
      guard let inner = TorchGlobals.rebuild(function) else {
        return .foreign("the result of \(TensorName(function.description).quoted)")
      }
      if arguments.count > 3 { try requireHarmless(state: arguments[3], place) }
      return try decode(inner, tree.children(arguments[2]), place, depth: depth + 1)
    default: return try plain(rebuild, arguments, place)
    }
  }

  /// `storage, offset, size, stride[, requires_grad, hooks[, dtype][, metadata]]`
  private mutating func plain(
    _ rebuild: TorchGlobals.Rebuild, _ arguments: [PickleRef], _ place: String
  ) throws(FlatFormatError) -> TorchValue {
    guard arguments.count >= 4, let offset = integer(arguments[1]), let shape = integers(arguments[2]),
      let strides = integers(arguments[3]), shape.count == strides.count
    else {
      throw refusal(
        .torchTensor, place, "a storage, an offset, a size of up to 64 extents, and as many strides",
        "other values")
    }
    guard offset >= 0, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }) else {
      throw refusal(
        .torchTensor, place, "extents, strides and an offset that are not negative",
        "offset \(offset), size \(shape), strides \(strides)")
    }
    let (number, view) = try storage(arguments[0], place)
    if let metadata = arguments.dropFirst(rebuild == .tensor3 ? 7 : 6).first, hasLazyBits(metadata) {
      return .foreign("a tensor that is the conjugate or the negative of its storage")
    }
    let known = storages[number]
    var (dtype, perItem) = (known.dtype, 1)
    if rebuild == .tensor3 {
      guard arguments.count >= 7, case .global(let global) = tree.value(arguments[6]) else {
        throw refusal(.torchTensor, place, "a dtype", "another value")
      }
      guard let named = TorchDType.dtype(global) else {
        return .foreign("a tensor of \(TensorName(global.description).quoted)")
      }
      (dtype, perItem) = (named.dtype, named.perItem)
    }
    guard let dtype else { return .foreign("a tensor in a \(known.className)") }
    let itemSize = max(1, (dtype.bits ?? 8) * perItem / 8)
    let (first, overflow) = view.start.addingReportingOverflow(offset)
    let layout = TorchStrides(offset: overflow ? .max : first, shape: shape, strides: strides)
    try requireInside(layout, itemSize, known, view, place)
    return .tensor(
      TorchTensor(
        storage: number, dtype: dtype, itemSize: itemSize, strides: layout, shape: packed(shape, perItem)))
  }

  private func packed(_ shape: [Int], _ perItem: Int) -> [Int] {
    guard perItem > 1, let last = shape.last, last <= .max / perItem else { return shape }
    return shape.dropLast() + [last * perItem]
  }

  private func requireInside(
    _ layout: TorchStrides, _ itemSize: Int, _ storage: TorchStorage, _ view: StorageView, _ place: String
  ) throws(FlatFormatError) {
    // The view is inside its storage, so this does not overflow.
    let items = (view.start + view.count) * storage.itemSize / itemSize
    if let span = layout.span {
      let (end, overflow) = layout.offset.addingReportingOverflow(span)
      if !overflow, end <= items { return }
    }
    throw refusal(
      .torchBounds, place, "elements within the \(items) of storage \(TensorName(storage.key).quoted)",
      "offset \(layout.offset), size \(layout.shape), strides \(layout.strides)")
  }

  /// A whole storage, as a tensor with one dimension.
  private mutating func bareStorage(_ ref: PickleRef, _ place: String) throws(FlatFormatError) -> TorchValue {
    let (number, view) = try storage(ref, place)
    let known = storages[number]
    let isPlain = known.dtype == nil && known.className.hasSuffix("UntypedStorage")
    guard let dtype = known.dtype ?? (isPlain ? .u8 : nil) else { return .foreign("a \(known.className)") }
    return .tensor(
      TorchTensor(
        storage: number, dtype: dtype, itemSize: known.itemSize,
        strides: TorchStrides(offset: view.start, shape: [view.count], strides: [1]), shape: [view.count]))
  }

  private func isObject(_ ref: PickleRef) -> Bool { tree.value(ref) == .object }

  func integer(_ ref: PickleRef) -> Int? {
    if case .integer(let value) = tree.value(ref) { value } else { nil }
  }

  /// A tuple of integers, or a `torch.Size` of one.
  func integers(_ ref: PickleRef) -> [Int]? {
    var members = ref
    if case .object = tree.value(ref), case .global(let global) = tree.value(tree.children(ref)[0]),
      global == PickleGlobal("torch", "Size")
    {
      guard let first = tree.children(tree.children(ref)[1]).first else { return [] }
      members = first
    }
    return [.tuple, .list].contains(tree.value(members)) ? tree.integers(members) : nil
  }

  private func hasLazyBits(_ ref: PickleRef) -> Bool {
    guard case .dictionary = tree.value(ref) else { return false }
    let pairs = tree.children(ref)
    if pairs.count > 64 { return true }
    return stride(from: 0, to: pairs.count - 1, by: 2).contains { place in
      guard case .text(let key) = tree.value(pairs[place]) else { return false }
      return ["conj", "neg"].contains(key) && tree.value(pairs[place + 1]) == .boolean(true)
    }
  }

  func refusal(_ rule: FlatFormatRule, _ place: String, _ expected: String, _ found: String)
    -> FlatFormatError
  {
    .refused(rule, path: path, place: place, expected: expected, found: found)
  }
}
