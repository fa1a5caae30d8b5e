package import Tensors

/// The state_dict of an optimizer without the elements of its tensors: the state of each parameter, the groups of
/// parameters with their settings, and every other entry.
///
/// Values are those of Python, and come back exactly: a tuple stays a tuple, and a float keeps its 64 bits. Only an ordered
/// dictionary becomes a plain one.
public struct OptimizerState: Sendable, Equatable {
  /// The path of keys to the state_dict in its file; empty if the file is the state_dict itself.
  package var place: [Key]
  /// The path of keys to the model's state dict in the same file; empty if its entries are the file's own.
  package var modelPlace: [String]
  /// The parameters, in the order of the groups.
  package var parameters: [Parameter]
  package var groups: [Group]
  /// Entries other than `state` and `param_groups`.
  package var others: [Entry]

  /// A key of a dictionary, or a place in a list.
  package enum Key: Sendable, Hashable {
    case number(Int)
    case text(String)

    package var text: String {
      switch self {
      case .number(let number): "\(number)"
      case .text(let text): text
      }
    }
  }

  /// A value of Python.
  package indirect enum Value: Sendable, Hashable {
    case none
    case boolean(Bool)
    case integer(Int)
    /// A float, by its bits, so that a NaN equals itself.
    case real(UInt64)
    case text(String)
    case list([Value])
    case tuple([Value])
    case dictionary([Entry])
    /// The tensor of this name.
    case tensor(TensorName)
  }

  /// An entry of a dictionary.
  package struct Entry: Sendable, Hashable {
    package var key: Key
    package var value: Value

    package init(_ key: Key, _ value: Value) {
      self.key = key
      self.value = value
    }
  }

  /// A parameter of the model.
  package struct Parameter: Sendable, Equatable {
    /// Its number or its name in the state_dict.
    package var id: Key
    /// The tensor of the model; nil until numbers have been matched with names.
    package var name: TensorName?
    /// Its state; nil if it has none.
    package var state: [Entry]?

    package init(id: Key, name: TensorName? = nil, state: [Entry]? = nil) {
      self.id = id
      self.name = name
      self.state = state
    }

    /// The tensors of the state.
    package var tensors: [TensorName] { (state ?? []).flatMap(\.value.tensors) }
  }

  /// A group of parameters.
  package struct Group: Sendable, Equatable {
    /// Places in the list of parameters.
    package var parameters: [Int]
    /// Whether the group lists the names of its parameters, too (`param_names`).
    package var hasNames: Bool
    /// The settings: lr, betas and so on.
    package var values: [Entry]

    package init(parameters: [Int], hasNames: Bool, values: [Entry]) {
      self.parameters = parameters
      self.hasNames = hasNames
      self.values = values
    }
  }

  package init(
    place: [Key], modelPlace: [String], parameters: [Parameter], groups: [Group], others: [Entry] = []
  ) {
    self.place = place
    self.modelPlace = modelPlace
    self.parameters = parameters
    self.groups = groups
    self.others = others
  }

  /// Every tensor, in the order in which the state lists them.
  package var tensors: [TensorName] { parameters.flatMap(\.tensors) + settingTensors }

  /// Tensors that are no parameter's state, such as a learning rate.
  package var settingTensors: [TensorName] {
    groups.flatMap { $0.values.flatMap(\.value.tensors) } + others.flatMap(\.value.tensors)
  }

  /// The same state with other names of tensors; a tensor without a new name keeps its own.
  package func renaming(_ names: [TensorName: TensorName]) -> OptimizerState {
    var renamed = self
    for place in renamed.parameters.indices {
      renamed.parameters[place].state = parameters[place].state?.map { $0.renaming(names) }
    }
    for place in renamed.groups.indices {
      renamed.groups[place].values = groups[place].values.map { $0.renaming(names) }
    }
    renamed.others = others.map { $0.renaming(names) }
    return renamed
  }

  /// The settings in words, for a list of what a file without room for them leaves out: "lr, betas, eps".
  package var settingsInWords: String {
    var known: Set<String> = []
    let keys = groups.flatMap { $0.values.map(\.key.text) }.filter { known.insert($0).inserted }
    return keys.prefix(3).joined(separator: ", ") + (keys.count > 3 ? " and \(keys.count - 3) more" : "")
  }
}

extension OptimizerState.Entry {
  func renaming(_ names: [TensorName: TensorName]) -> Self { Self(key, value.renaming(names)) }
}

extension OptimizerState.Value {
  /// The tensors in the value.
  var tensors: [TensorName] {
    switch self {
    case .tensor(let name): [name]
    case .list(let values), .tuple(let values): values.flatMap(\.tensors)
    case .dictionary(let entries): entries.flatMap(\.value.tensors)
    case .none, .boolean, .integer, .real, .text: []
    }
  }

  func renaming(_ names: [TensorName: TensorName]) -> Self {
    switch self {
    case .tensor(let name): .tensor(names[name] ?? name)
    case .list(let values): .list(values.map { $0.renaming(names) })
    case .tuple(let values): .tuple(values.map { $0.renaming(names) })
    case .dictionary(let entries): .dictionary(entries.map { $0.renaming(names) })
    case .none, .boolean, .integer, .real, .text: self
    }
  }
}
