internal import Pickle
internal import Tensors

/// A part of a storage with its own key, or the whole storage if the pickle names no part.
struct StorageView: Hashable {
  let storage: String
  /// The first element of the part, counted in the storage's elements; the part is inside the storage.
  let start: Int
  let count: Int
}

extension TorchDecoder {
  /// `"storage", class, key, location, count[, (view's key, offset, count)]`
  func storageArguments(_ ref: PickleRef) -> [PickleRef]? {
    guard case .persistent = tree.value(ref), let id = tree.children(ref).first, case .tuple = tree.value(id)
    else { return nil }
    let arguments = tree.children(id)
    guard let first = arguments.first, case .text("storage") = tree.value(first) else { return nil }
    return arguments
  }

  /// The storage's index, and the part of it that is used.
  mutating func storage(
    _ ref: PickleRef, _ place: String
  ) throws(FlatFormatError) -> (number: Int, view: StorageView) {
    guard case .persistent = tree.value(ref), let arguments = storageArguments(ref), arguments.count >= 5,
      case .global(let global) = tree.value(arguments[1]), let key = key(arguments[2]),
      let count = integer(arguments[4])
    else {
      throw refusal(
        .torchStorage, place, "a storage: its class, key, device and count", "another persistent object")
    }
    guard let kind = TorchDType.storage(global) else {
      throw refusal(.torchStorage, place, "a class of storages", TensorName(global.description).quoted)
    }
    guard count >= 0, !count.multipliedReportingOverflow(by: kind.itemSize).overflow else {
      throw refusal(.torchStorage, place, "a count of elements that fits a file", "\(count)")
    }
    let storage = TorchStorage(
      key: key, dtype: kind.dtype, className: global.name, itemSize: kind.itemSize, count: count)
    if let number = numbers[key] {
      guard storages[number] == storage else {
        throw refusal(
          .torchStorage, place,
          "storage \(TensorName(key).quoted) as \(storages[number].count) of \(storages[number].className)",
          "\(count) of \(global.name)")
      }
      return (number, try view(of: storage, arguments, place))
    }
    numbers[key] = storages.count
    storages.append(storage)
    return (storages.count - 1, try view(of: storage, arguments, place))
  }

  /// The part of a storage, in the form of versions before 0.4.
  private mutating func view(
    of storage: TorchStorage, _ arguments: [PickleRef], _ place: String
  ) throws(FlatFormatError) -> StorageView {
    let whole = StorageView(storage: storage.key, start: 0, count: storage.count)
    guard arguments.count > 5 else { return whole }
    if case .none = tree.value(arguments[5]) { return whole }
    guard case .tuple = tree.value(arguments[5]) else {
      throw refusal(.torchStorage, place, "the part of a storage, or None", "another value")
    }
    let parts = tree.children(arguments[5])
    guard parts.count == 3, let key = key(parts[0]), let start = integer(parts[1]),
      let count = integer(parts[2]), start >= 0, count >= 0
    else { throw refusal(.torchStorage, place, "a part's key, offset and count", "other values") }
    guard start <= storage.count, count <= storage.count - start else {
      throw refusal(
        .torchBounds, place, "a part within the \(storage.count) elements of its storage",
        "\(count) elements from \(start)")
    }
    let view = StorageView(storage: storage.key, start: start, count: count)
    // PyTorch makes each part once and uses it again for every occurrence of the key.
    if let known = views.updateValue(view, forKey: key), known != view {
      throw refusal(
        .torchStorage, place,
        "part \(TensorName(key).quoted) of a storage as \(known.count) elements from \(known.start) of "
          + TensorName(known.storage).quoted,
        "\(count) from \(start) of \(TensorName(storage.key).quoted)")
    }
    return view
  }

  func key(_ ref: PickleRef) -> String? {
    switch tree.value(ref) {
    case .text(let text): text
    case .integer(let number): String(number)
    default: nil
    }
  }
}
