internal import Pickle
internal import Tensors

/// A NumPy array or scalar, as its pickle describes it.
struct NumPyArray {
  let dtype: DType
  let isBigEndian: Bool
  /// The layout of the elements in `bytes`.
  let strides: TorchStrides
  let bytes: PickledBytes
}

/// The kinds of value that NumPy would make from a pickled one.
enum NumPyValue {
  case array(NumPyArray)
  /// An array that no tensor can hold, with a description.
  case foreign(String)
  /// A scalar that is not a number; it is treated like one of Python's own values.
  case plainValue
}

/// Reads arrays and scalars from a pickle's tree; their bytes are not read.
struct NumPyReader {
  let tree: PickleTree
  let path: String
  let texts: PickledTexts

  /// The largest array, in bytes, that is text in the pickle and not in C order; such an array is decoded in memory.
  private static let memoryLimit = 64 << 20

  /// Decodes `object`; `place` is its name in messages.
  func value(
    _ object: PickleRef, _ rebuild: NumPyGlobals.Rebuild, place: String
  ) throws(FlatFormatError) -> NumPyValue {
    // A state would replace the array's elements, and items would be written into them.
    guard tree.entries(object).isEmpty, tree.items(object).isEmpty,
      rebuild == .array || rebuild == .masked || tree.states(object).isEmpty
    else { return .foreign("a NumPy array that is changed after it is made") }
    let arguments = tree.children(tree.children(object)[1])
    switch rebuild {
    case .masked: return .foreign("a masked NumPy array")
    case .array: return try reconstructed(object, arguments, place)
    case .buffer:
      guard (4...5).contains(arguments.count), case .text(let order) = tree.value(arguments[3]) else {
        throw malformed(place, "an array's bytes, dtype, shape and order")
      }
      let axes = arguments.count == 5 ? arguments[4] : nil
      let shape = try shape(arguments[2], place)
      return try filled(shape, arguments[1], arguments[0], Order(order, axes), place)
    case .scalar:
      guard arguments.count == 2 else { throw malformed(place, "a scalar's dtype and bytes") }
      guard case .known = element(arguments[0]) else { return .plainValue }
      return try filled([], arguments[0], arguments[1], .c, place)
    }
  }

  /// Whether a scalar is a number.
  func isNumber(_ object: PickleRef) -> Bool {
    let arguments = tree.children(tree.children(object)[1])
    guard let first = arguments.first, case .known = element(first) else { return false }
    return true
  }

  private enum Order {
    case c, fortran
    /// In C order before the axes are permuted.
    case exchanged(PickleRef)
    case unknown(String)

    init(_ text: String, _ axes: PickleRef?) {
      switch (text, axes) {
      case ("C", nil): self = .c
      case ("F", nil): self = .fortran
      case ("K", let axes?): self = .exchanged(axes)
      default: self = .unknown(text)
      }
    }
  }

  /// `(version, shape, dtype, is_fortran, bytes)`; old versions lack the first member.
  private func reconstructed(
    _ object: PickleRef, _ arguments: [PickleRef], _ place: String
  ) throws(FlatFormatError) -> NumPyValue {
    guard let type = arguments.first, case .global(let global) = tree.value(type) else {
      throw malformed(place, "the class of an array")
    }
    guard NumPyGlobals.isPlainArray(global) else {
      return .foreign("an array of the class \(TensorName(global.description).quoted)")
    }
    let states = tree.states(object)
    guard states.count == 1 else {
      return .foreign(states.isEmpty ? "an array without a state" : "an array that is given several states")
    }
    var parts = tree.children(states[0])
    guard case .tuple = tree.value(states[0]), (4...5).contains(parts.count) else {
      throw malformed(place, "an array's version, shape, dtype, order and bytes")
    }
    if parts.count == 5 { parts.removeFirst() }
    let isFortran: Bool
    switch tree.value(parts[2]) {
    case .boolean(let value): isFortran = value
    case .integer(let value): isFortran = value != 0
    default: throw malformed(place, "True or False for an array's order")
    }
    return try filled(try shape(parts[0], place), parts[1], parts[3], isFortran ? .fortran : .c, place)
  }

  private func filled(
    _ shape: [Int], _ dtype: PickleRef, _ data: PickleRef, _ order: Order, _ place: String
  ) throws(FlatFormatError) -> NumPyValue {
    let type: Element
    switch element(dtype) {
    case .foreign(let words): return .foreign("an array of \(words)")
    case .known(let known): type = known
    }
    guard let bytes = self.bytes(data) else { return .foreign("an array whose bytes are not in the pickle") }
    let width = type.dtype.bytes ?? 1
    let expected = Self.product(shape + [width])
    let found = try texts.byteCount(of: bytes)
    guard let expected, found == expected else {
      throw .refused(
        .torchStorageSize, path: path, place: place,
        expected: "\(expected.map { $0.grouped } ?? "a number of") bytes for \(type.dtype.rawValue) \(shape)",
        found: found.map { $0.grouped } ?? "text with characters above U+00FF")
    }
    guard let strides = Self.strides(shape, order, axes: axes(order)) else {
      throw malformed(place, "an array's order C, F, or K with its axes")
    }
    if bytes.isText, !strides.isContiguous, expected > Self.memoryLimit {
      return .foreign("an array in Fortran order of \(expected.grouped) bytes that are text in the pickle")
    }
    return .array(
      NumPyArray(dtype: type.dtype, isBigEndian: type.isBigEndian, strides: strides, bytes: bytes))
  }

  // MARK: Order

  private func axes(_ order: Order) -> [Int]? {
    guard case .exchanged(let ref) = order, case .tuple = tree.value(ref) else { return nil }
    return tree.integers(ref)
  }

  /// The strides, in elements, of an array with as many bytes as its shape requires; so no product overflows.
  private static func strides(_ shape: [Int], _ order: Order, axes: [Int]?) -> TorchStrides? {
    if shape.contains(0) { return TorchStrides(offset: 0, shape: shape, strides: shape.map { _ in 1 }) }
    var strides = [Int](repeating: 1, count: shape.count)
    switch order {
    case .unknown: return nil
    case .fortran:
      for axis in strides.indices.dropFirst() { strides[axis] = strides[axis - 1] * shape[axis - 1] }
    case .c, .exchanged:
      for axis in strides.indices.dropLast().reversed() {
        strides[axis] = strides[axis + 1] * shape[axis + 1]
      }
    }
    guard case .exchanged = order else { return TorchStrides(offset: 0, shape: shape, strides: strides) }
    guard let axes, axes.sorted() == Array(shape.indices) else { return nil }
    return TorchStrides(offset: 0, shape: axes.map { shape[$0] }, strides: axes.map { strides[$0] })
  }

  /// The product; nil if it overflows.
  private static func product(_ factors: [Int]) -> Int? {
    if factors.contains(0) { return 0 }
    var product = 1
    for factor in factors {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      product = next
    }
    return product
  }

  // MARK: Parts

  private struct Element {
    let dtype: DType
    let isBigEndian: Bool
  }

  private enum ElementValue {
    case known(Element)
    case foreign(String)
  }

  /// `numpy.dtype("f4", False, True)` with the state `(3, "<", …)`.
  private func element(_ ref: PickleRef) -> ElementValue {
    guard case .object = tree.value(ref), case .global(let global) = tree.value(tree.children(ref)[0]),
      NumPyGlobals.isDType(global), let type = tree.children(tree.children(ref)[1]).first
    else { return .foreign("elements of an unknown dtype") }
    let states = tree.states(ref)
    guard states.count <= 1 else { return .foreign("a dtype that is given several states") }
    var order = ""
    if let state = states.first {
      let parts = tree.children(state)
      guard case .tuple = tree.value(state), parts.count >= 4, case .text(let text) = tree.value(parts[1])
      else { return .foreign("elements of an unknown dtype") }
      order = text
      if tree.value(parts[2]) != .none { return .foreign("arrays within an array") }
      if tree.value(parts[3]) != .none { return .foreign("records of several fields") }
    }
    switch tree.value(type) {
    case .text(let text):
      let code = text.drop { "<>=|".contains($0) }
      do throws(NpyDType.Refusal) {
        let known = try NpyDType.parse(order.isEmpty ? text : order + code, assumed: nil)
        return .known(Element(dtype: known.dtype, isBigEndian: known.swapWidth > 1))
      } catch { return .foreign(error.found) }
    case .global(let global):
      guard let dtype = NumPyGlobals.mlDType(global) else {
        return .foreign(TensorName(global.description).quoted)
      }
      return .known(Element(dtype: dtype, isBigEndian: order == ">"))
    default: return .foreign("elements of an unknown dtype")
    }
  }

  private func shape(_ ref: PickleRef, _ place: String) throws(FlatFormatError) -> [Int] {
    guard case .tuple = tree.value(ref), let shape = tree.integers(ref), shape.allSatisfy({ $0 >= 0 }) else {
      throw malformed(place, "an array's shape of up to 64 extents")
    }
    return shape
  }

  /// The bytes of an array: bytes, text of protocol 2 that encodes bytes, or a call that makes one of these.
  private func bytes(_ data: PickleRef) -> PickledBytes? {
    var ref = data
    for _ in 0..<4 {
      if let run = tree.run(ref) { return PickledBytes(run, tree.value(ref)) }
      // If a value is changed after it is made, it no longer equals the bytes in the pickle.
      guard case .object = tree.value(ref), !tree.isChanged(ref),
        case .global(let global) = tree.value(tree.children(ref)[0])
      else { return nil }
      let arguments = tree.children(tree.children(ref)[1])
      switch (global.module, global.name, arguments.count) {
      case ("_codecs", "encode", 2):
        guard case .text(let coding) = tree.value(arguments[1]), ["latin1", "latin-1"].contains(coding) else {
          return nil
        }
        ref = arguments[0]
      case ("builtins", "bytes", 0), ("__builtin__", "bytes", 0), ("builtins", "bytearray", 0),
        ("__builtin__", "bytearray", 0):
        return .held([])
      case ("builtins", "bytearray", 1), ("__builtin__", "bytearray", 1): ref = arguments[0]
      default: return nil
      }
    }
    return nil
  }

  private func malformed(_ place: String, _ expected: String) -> FlatFormatError {
    .refused(.torchTensor, path: path, place: place, expected: expected, found: "other values")
  }
}

extension PickleTree {
  /// The members of a container of at most 64 integers; nil for anything else.
  func integers(_ ref: PickleRef) -> [Int]? {
    // The container is decoded again for each name of a tensor, so this must be fast.
    guard children(ref).count <= 64 else { return nil }
    var values: [Int] = []
    for child in children(ref) {
      guard case .integer(let value) = value(child) else { return nil }
      values.append(value)
    }
    return values
  }
}
