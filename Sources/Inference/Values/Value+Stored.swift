internal import ByteFiles
internal import ONNXGraph

extension ConstantLoader {
  /// A value of a file, with its tensors in memory.
  ///
  /// - Parameter type: the declared type; it gives the element type of an empty sequence.
  func value(_ stored: StoredValue, _ type: ValueType?) throws(InferenceError) -> Value {
    if case .tensor(let constant) = stored { return .tensor(try tensor(constant)) }
    do throws(OperatorError) {
      switch stored {
      case .sequence(let elements): return try sequence(elements, type?.element)
      case .map(let keys, let values): return try map(keys, values, type)
      default: return .empty
      }
    } catch { throw error.placed("value", path: file.path) }
  }

  private func sequence(_ elements: [StoredValue], _ type: ValueType?) throws(OperatorError) -> Value {
    if case .map(let key, let values)? = type { return try maps(elements, key, values) }
    var tensors: [Tensor] = []
    for element in elements {
      guard case .tensor(let constant) = element else {
        throw .unsupported("a sequence of tensors or of maps", found: "another sequence")
      }
      tensors.append(try loaded(constant))
    }
    var declared: ElementType?
    if case .tensor(let type, _)? = type { declared = type }
    guard let type = declared ?? tensors.first?.type else {
      throw .unsupported("a declared type of the tensors of an empty sequence", found: "none")
    }
    return .sequence(try TensorSequence(type, tensors, budget))
  }

  private func maps(
    _ elements: [StoredValue], _ key: ElementType?, _ type: ValueType
  ) throws(OperatorError) -> Value {
    var common: Tensor?
    var rows: [Tensor] = []
    for element in elements {
      guard case .map(let keys, let values) = element,
        case .map(let own, let row) = try map(keys, values, .map(key: key, type))
      else { throw .unsupported("a sequence of maps", found: "another sequence") }
      let all = common ?? own
      guard all.type == own.type, all.count == own.count,
        all.values(Int64.self).prefix(all.count).elementsEqual(own.values(Int64.self).prefix(own.count))
      else { throw .unsupported("maps with the same keys", found: "others") }
      common = all
      rows.append(row)
    }
    var declared: ElementType?
    if case .tensor(let type, _) = type { declared = type }
    let none = try Tensor(key ?? .int64, [0], budget)
    return .maps(
      keys: common ?? none, rows: try TensorSequence(rows.first?.type ?? declared ?? .float, rows, budget))
  }

  private func map(
    _ keys: StoredKeys, _ elements: [StoredValue], _ type: ValueType?
  ) throws(OperatorError) -> Value {
    var tensors: [Tensor] = []
    for element in elements {
      guard case .tensor(let constant) = element, constant.elementCount == 1 else {
        throw .unsupported("one number or text for each key", found: "another value")
      }
      tensors.append(try loaded(constant))
    }
    var declared: ElementType?
    if case .map(_, .tensor(let type, _))? = type { declared = type }
    guard let type = tensors.first?.type ?? declared, tensors.allSatisfy({ $0.type == type }) else {
      throw OperatorError("values of one type", found: "several, or none")
    }
    let order: MapOrder
    switch keys {
    case .numbers(let numbers): order = try MapOrder(numbers: numbers, budget)
    case .texts(let texts): order = try MapOrder(texts: texts, strings, budget)
    }
    guard order.places.count == tensors.count else {
      throw OperatorError("every key once", found: "\(tensors.count - order.places.count) again")
    }
    let values = try Tensor(type, [tensors.count], budget)
    for (target, place) in order.places.enumerated() {
      StridedCopy.run(1, from: tensors[place], at: 0, to: values, at: target)
    }
    return .map(keys: order.keys, values: values)
  }

  private func loaded(_ constant: TensorConstant) throws(OperatorError) -> Tensor {
    do { return try tensor(constant) } catch { throw OperatorError(inner: error) }
  }
}

extension ValueType {
  /// The type of the elements of a sequence, or of a sequence in an optional.
  fileprivate var element: ValueType? {
    switch self {
    case .sequence(let inner): inner
    case .optional(let inner): inner.element
    default: nil
    }
  }
}
