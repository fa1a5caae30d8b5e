internal import Pickle

/// The effect that a Python name can have when a loader looks it up and a pickle calls it.
///
/// Names are judged, not calls: a pickle can store a name's object and call it in many ways. A file that names a
/// function able to run code must not be loaded, whatever the file seems to do with it.
enum GlobalClass {
  /// Rebuilds tensors; PyTorch's weights-only loader allows it.
  case tensors
  /// Makes a value and nothing else: NumPy arrays and scalars, dates, paths, containers.
  case data
  /// Belongs to a package that is not listed here. Importing it runs that package's code.
  case unknown
  /// Runs code, imports, reads attributes, starts processes, or reaches files or the network.
  case code

  /// Checks the whole path: a pickle may reach `os.system` as the attribute `os.system` of another module.
  init(_ global: PickleGlobal) {
    if TorchGlobals.isTensors(global) {
      self = .tensors
    } else if Self.isData(global) {
      self = .data
    } else if Self.isCode(global) {
      self = .code
    } else {
      self = .unknown
    }
  }

  private static func isData(_ global: PickleGlobal) -> Bool {
    if DataGlobals.names[global.module]?.contains(global.name) == true { return true }
    return DataGlobals.isScalarOrException(global)
  }

  private static func isCode(_ global: PickleGlobal) -> Bool {
    let module = global.module.split(separator: ".").map(String.init)
    let name = global.name.split(separator: ".").map(String.init)
    // From any object, `__globals__`, `__class__` and `__subclasses__` lead to every module.
    if name.contains(where: { $0.count > 4 && $0.hasPrefix("__") && $0.hasSuffix("__") }) { return true }
    var prefix = ""
    for part in module + name {
      prefix += (prefix.isEmpty ? "" : ".") + part
      if CodeGlobals.paths.contains(prefix) { return true }
    }
    // A private module. Python's own private modules usually run code, and no sound file names others.
    if let first = module.first, first.hasPrefix("_"), !first.hasPrefix("__") { return true }
    // A module that another module imported, often under a private name, and a function that the other imported from
    // it.
    let isModule: (String) -> Bool = { CodeGlobals.paths.contains(String($0.drop { $0 == "_" })) }
    if name.dropLast().contains(where: isModule) { return true }
    if module.dropFirst().contains(where: { $0.hasPrefix("_") && isModule($0) }) { return true }
    return name.last.map { CodeGlobals.anywhere.contains($0) } ?? false
  }
}
