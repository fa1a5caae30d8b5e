/// Roles that a word anywhere in a name shows, whatever the shape. None of these tensors is a layer's weight.
enum SpecialRoles {
  /// The role and its reason; nil if no component shows one.
  static func role(of name: NameComponents) -> (role: ParameterRole, reason: String)? {
    guard let last = name.list.last, let first = name.list.first else { return nil }
    for component in name.list where optimizer.contains(component) {
      return (.optimizerState, "\(quoted(component)) is kept by training")
    }
    if moments.contains(last) { return (.optimizerState, "\(quoted(last)) is kept by an optimizer") }
    for component in name.list where isTransform(component) {
      return (.kernelTransform, "\(quoted(component)) makes one kernel from another")
    }
    for component in name.list where masks.contains(component) || maskEndings.endsAny(component) {
      return (.mask, "\(quoted(component)) says which elements are used")
    }
    for component in [first, last] where metadata.contains(component) {
      return (.assignment, "\(quoted(component)) says which task uses what")
    }
    if quantisation.contains(last) || quantisationEndings.endsAny(last) {
      return (.quantisation, "\(quoted(last)) belongs to quantised weights")
    }
    for component in name.list where component.elementsEqual("quant_state".utf8) {
      return (.quantisation, "\(quoted(component)) belongs to quantised weights")
    }
    for component in name.list where selectors.contains(component) || selectorEndings.endsAny(component) {
      return (.selector, "\(quoted(component)) selects units, experts or blocks")
    }
    return nil
  }

  private static let optimizer = WordTable([
    "optimizer", "optimizer_state", "optim", "ema", "ema_model", "model_ema", "ema_state_dict",
  ])
  private static let moments = WordTable(["exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer"])
  private static let masks = WordTable([
    "mask", "masks", "previous_masks", "dataset2masks", "owner", "owners", "owner_map",
  ])
  private static let maskEndings = WordTable(["_mask", "_owner", "_owners"])
  private static let metadata = WordTable(["dataset2idx", "dataset2biases", "assignment", "width_list"])
  private static let quantisation = WordTable([
    "scales", "qzeros", "g_idx", "absmax", "quant_map", "nested_absmax", "nested_quant_map", "scb",
    "weight_format", "zero_point", "zero_points", "weight_shape", "q_perm", "q_invperm", "q_groups",
    "q_group_map", "q_scale_max",
  ])
  private static let quantisationEndings = WordTable([
    "_scale_inv", "_zero_point", "_g_idx", "_global_scale", "weight_scale", "weight_scale_2", "input_scale",
  ])
  private static let selectors = WordTable(["router", "selector", "gating"])
  private static let selectorEndings = WordTable(["_logits"])

  private static func quoted(_ component: ArraySlice<UInt8>) -> String {
    "'\(NameComponents.text(component))'"
  }

  /// `7to5_matrix`: the transformation matrices of Once-for-All.
  private static func isTransform(_ component: ArraySlice<UInt8>) -> Bool {
    guard component.suffix(7).elementsEqual("_matrix".utf8), let first = component.first,
      (0x30...0x39).contains(first)
    else { return false }
    return component.dropLast(7).allSatisfy { (0x30...0x39).contains($0) || $0 == 0x74 || $0 == 0x6F }
  }
}
