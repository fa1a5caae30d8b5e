public import StrictJSON
public import TensorStreams
public import Tensors
public import UnitModel

/// A reason why a policy cannot be read, or a count cannot be made.
///
/// `place` is a path into the policy such as `roles.only[2]`.
public enum AccountingError: Error, Hashable, Sendable {
  case json(JSONError)
  case wrongFormat(found: String)
  case unknownKey(place: String, key: String, nearest: String?)
  case missingKey(key: String)
  case wrongType(place: String, expected: String, found: String)
  case outOfRange(place: String, expected: String, found: String)
  case unknownRole(place: String, found: String, nearest: String?)
  case roleTwice(place: String, role: ParameterRole)
  case badPattern(place: String, pattern: String)
  case keysExclude(place: String, first: String, second: String)
  case keysMissing(place: String, first: String, second: String)
  case unknownPreset(name: String, nearest: [String])
  case notOfFormat(expected: String, found: String)
  case unknownMember(place: String, key: String, nearest: String?, keys: [String])
  case missingMember(place: String, key: String)
  case needsValues(policy: String)
  case needsPlan(policy: String)
  case needsTopK(policy: String, experts: Int)
  /// Experts that a policy cannot count; `words` is the text after "expected".
  case experts(policy: String, words: String)
  /// The count would have to read masks too often.
  case tooManyMasks(tensor: TensorName, limit: Int)
  /// The tensors' values could not be read.
  case source(SourceFailure)
  case unknownNetwork(task: TaskID, level: LevelNumber)
  case unknownClaimed(place: String, task: TaskID, level: LevelNumber, nearest: String?)
  case unknownNetworkOf(method: String, task: TaskID, level: LevelNumber)
  case unknownPolicy(place: String, id: String, nearest: String?)
  case tooMany(what: String, row: String)
  case tooMuchWork(networks: Int, limit: Int)
}

extension AccountingError: CustomStringConvertible {
  /// One sentence without the file's name.
  public var description: String {
    switch self {
    case .json(let error): "\(error)"
    case .wrongFormat(let found): "format: expected '\(CountingPolicy.format)', found \(found)"
    case .unknownKey(let place, let key, let nearest):
      "\(place): expected a key of a counting policy, found \(quoted(key))\(did(nearest))"
    case .missingKey(let key): "policy: expected the key '\(key)', found none"
    case .wrongType(let place, let expected, let found): "\(place): expected \(expected), found \(found)"
    case .outOfRange(let place, let expected, let found): "\(place): expected \(expected), found \(found)"
    case .unknownRole(let place, let found, let nearest):
      "\(place): expected a role (\(ParameterRole.allCases.map(\.rawValue).joined(separator: ", "))), "
        + "found \(quoted(found))\(did(nearest))"
    case .roleTwice(let place, let role): "\(place): expected each role once, found '\(role.rawValue)' again"
    case .badPattern(let place, let pattern):
      "\(place): expected a pattern within the limits of a plan's, found \(quoted(pattern))"
    case .keysExclude(let place, let first, let second):
      "\(place): expected '\(first)' or '\(second)', found both"
    case .keysMissing(let place, let first, let second):
      "\(place): expected '\(first)' or '\(second)', found neither"
    case .unknownPreset(let name, let nearest):
      "policy: expected \(PolicyPreset.allCases.map(\.rawValue).joined(separator: ", ")), or the path of a policy "
        + "file, found \(quoted(name))"
        + (nearest.isEmpty
          ? "" : "; \(nearest.count == 1 ? "the nearest name is" : "the nearest names are") ")
        + nearest.map(quoted).joined(separator: ", ")
    case .tooMuchWork(let networks, let limit):
      "tasks: expected levels, units and cuts that need at most \(limit.grouped) steps to count, found more, "
        + "with \(networks) sub-networks"
    case .notOfFormat(let expected, let found): "format: expected '\(expected)', found \(found)"
    case .unknownMember(let place, let key, let nearest, let keys):
      "\(place): expected one of the keys \(keys.filter { $0 != "$schema" }.joined(separator: ", ")), "
        + "found \(quoted(key))\(did(nearest))"
    case .missingMember(let place, let key): "\(place): expected the key '\(key)', found none"
    case .needsValues(let policy):
      "policy '\(policy)': expected tensors with data, because values are counted, found only shapes"
    case .needsTopK(let policy, let experts):
      "policy '\(policy)': expected the number of experts that a token is sent to (--top-k, or num_experts_per_tok of "
        + "a config.json beside the file), found none for layers of \(experts) experts"
    case .experts(let policy, let words): "policy '\(policy)': expected \(words)"
    case .tooManyMasks(let tensor, let limit):
      "masks of tensor \(tensor.quoted): expected counts that read at most "
        + "\(limit.grouped) bytes of masks, found more"
    case .source(let failure): failure.description
    case .needsPlan(let policy):
      "policy '\(policy)': expected a plan that names the masks or owner maps (density masked), found "
        + "only tensors"
    case .unknownNetwork(let task, let level):
      "expected a sub-network of the file, found task \(task.quoted), level \(level)"
    case .unknownClaimed(let place, let task, let level, let nearest):
      "\(place): expected a sub-network of the file, found task \(task.quoted), level \(level)\(did(nearest))"
    case .unknownNetworkOf(let method, let task, let level):
      "results of \(quoted(method)): expected a sub-network of its file, found task \(task.quoted), level \(level)"
    case .unknownPolicy(let place, let id, let nearest):
      "\(place): expected the id of a preset or of a policy of the study, found \(quoted(id))\(did(nearest))"
    case .tooMany("bits", let row): "\(row): expected fewer than 2^60 bytes, found more"
    case .tooMany(let what, let row): "\(row): expected fewer than 2^63 \(what), found more"
    }
  }
}

private func quoted(_ name: String) -> String { TensorName(name).quoted }

private func did(_ nearest: String?) -> String {
  nearest.map { "; the nearest name is \(quoted($0))" } ?? ""
}
