internal import Pickle
internal import StrictJSON
internal import Tensors

/// The configuration of a Keras model: it names the classes and functions that a loader imports, and may hold code.
///
/// Nothing is imported here. A loader that rebuilds the model imports each `module` and calls its `class_name`
/// (CVE-2025-1550, CVE-2025-8747); `safe_mode` is no protection for `.h5` files (CVE-2025-9905).
enum KerasConfiguration {
  private static let sizeLimit = 64 << 20
  /// A hostile configuration could have a million such names.
  private static let remarkLimit = 100

  /// - Parameter place: where the configuration is, in a message.
  static func remarks(_ text: String, place: String) -> [FlatRemark] {
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONParser(depthLimit: 1000, sizeLimit: sizeLimit).parse(Array(text.utf8))
    } catch {
      return [
        FlatRemark(.unexamined, place, expected: "JSON that can be examined", found: "\(error)")
      ]
    }
    var remarks: [FlatRemark] = []
    var seen: Set<TensorName> = []
    // An explicit stack: the depth of a document must not become the depth of this program's stack.
    var pending = [document]
    while let value = pending.popLast(), remarks.count < remarkLimit {
      switch value {
      case .array(let values): pending += values.reversed()
      case .object(let object):
        if let remark = remark(object, place), seen.insert(TensorName(remark.found)).inserted {
          remarks.append(remark)
        }
        pending += object.members.map(\.value).reversed()
      default: break
      }
    }
    return remarks
  }

  /// The note about one object of the configuration: a layer, a function, or a value.
  private static func remark(_ object: JSONObject, _ place: String) -> FlatRemark? {
    guard case .string(let name)? = object["class_name"] else { return nil }
    func text(_ key: String, in object: JSONObject) -> String? {
      if case .string(let text)? = object[key] { text } else { nil }
    }
    let config: JSONObject? = if case .object(let config)? = object["config"] { config } else { nil }
    let layer = config.flatMap { text("name", in: $0) }.map { ", layer \(TensorName($0).quoted)" } ?? ""
    func code(_ found: String, _ global: String) -> FlatRemark {
      FlatRemark(
        .kerasCode, place + layer, expected: "a configuration without code", found: found, global: global)
    }
    switch name {
    case "__lambda__": return code("the code of a Python function (\(name))", name)
    // Keras 3 stores the code in an object `__lambda__` below; older versions in a list.
    case "Lambda":
      if case .object(let function)? = config?["function"], text("class_name", in: function) == "__lambda__" {
        return nil
      }
      return code("a Lambda layer, whose function is Python code", "keras.layers.Lambda")
    case "TorchModuleWrapper": return code("a pickled PyTorch module (\(name))", "keras.layers.\(name)")
    case "TFSMLayer": return code("a layer that loads a TensorFlow program (\(name))", "keras.layers.\(name)")
    default: break
    }
    guard let module = text("module", in: object) else {
      // A registered class is named by its package: `mine>Doubled`.
      let registered = text("registered_name", in: object) ?? name
      guard registered.contains(">") else { return nil }
      return FlatRemark(
        .kerasModule, place + layer, expected: "only classes of Keras", found: TensorName(registered).quoted,
        global: registered)
    }
    let own = name == "function" ? text("config", in: object) ?? "function" : name
    let global = PickleGlobal(module, own)
    if isKeras(global) { return nil }
    if let registered = text("registered_name", in: object), module == "builtins", registered == own {
      return nil
    }
    let isCode = GlobalClass(global) == .code
    return FlatRemark(
      isCode ? .kerasCode : .kerasModule, place + layer, expected: "only classes of Keras",
      found: "\(global)", global: "\(global)")
  }

  /// Whether a name is a class or a function of Keras that only computes. `keras.utils` and `keras.saving` also download,
  /// write and load files.
  private static func isKeras(_ global: PickleGlobal) -> Bool {
    let steps = global.module.split(separator: ".").map(String.init).filter { $0 != "src" }
    guard let first = steps.first,
      ["keras", "tf_keras", "keras_hub", "keras_nlp", "keras_cv"].contains(first)
    else {
      return false
    }
    return steps.count == 1
      || !["utils", "saving", "legacy", "export", "backend", "trainers"].contains(steps[1])
  }
}
