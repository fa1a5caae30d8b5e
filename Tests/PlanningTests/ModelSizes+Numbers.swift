import StrictJSON

@testable import Planning

extension ModelSizes {
  /// The values of a config.json that has only numbers.
  init(modelType: String?, values: [String: Int], objects: [String: [String: Int]] = [:]) {
    func members(_ numbers: [String: Int]) -> [JSONMember] {
      numbers.sorted { $0.key < $1.key }.map { JSONMember(key: $0.key, value: JSONValue($0.value)) }
    }
    let type = modelType.map { [JSONMember(key: "model_type", value: .string($0))] } ?? []
    let parts = objects.sorted { $0.key < $1.key }.map { key, numbers in
      JSONMember(key: key, value: .object(JSONObject(members(numbers)) ?? JSONObject()))
    }
    self.init(JSONObject(type + members(values) + parts) ?? JSONObject())
  }
}
