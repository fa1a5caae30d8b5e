internal import Inference
internal import ONNXGraph

/// LSTM, GRU and RNN: a hidden channel is a row of every gate, in the weights of both the input and the state.
///
/// An absent channel is zero at every step: its gates are f(0), its candidate tanh(0) = 0, its state 0.
enum RecurrenceRule {
  static func lstm(_ call: FlowCall) throws(FlowError) -> [FlowValue] { try apply(call, gates: 4) }
  static func gru(_ call: FlowCall) throws(FlowError) -> [FlowValue] { try apply(call, gates: 3) }
  static func rnn(_ call: FlowCall) throws(FlowError) -> [FlowValue] { try apply(call, gates: 1) }

  private static func apply(_ call: FlowCall, gates: Int) throws(FlowError) -> [FlowValue] {
    let (x, r) = (try call.input(0), try call.input(2))
    guard let shape = x.shape, let weights = r.shape, shape.count == 3, weights.count == 3,
      call.int("layout") ?? 0 == 0, weights[2] > 0, weights[1] == gates * weights[2]
    else { return try call.unknownExtents() }
    call.keepsZeros = true
    let hidden = weights[2]
    try call.contract(0, 2, 1, 2)
    var lists: [[ChannelLabel]?] = [try call.labels(2, 2)]
    var places = [(index: 2, dimension: 2)]
    for (index, dimension) in [(1, 1), (2, 1), (3, 1), (5, 2), (6, 2), (7, 1)] {
      // Only an LSTM has a cell state and peepholes.
      guard let extent = call.optional(index)?.shape, gates == 4 || index < 6, extent.count > dimension,
        extent[dimension] % hidden == 0
      else { continue }
      let isState = index == 5 || index == 6
      let labels = try call.labels(index, dimension)
      places.append((index, dimension))
      guard let labels else {
        // A state without these labels could leave values in inactive channels.
        if isState { call.keepsZeros = call.keepsZeros && call.optional(index)?.isZero == true }
        if !isState { lists.append([ChannelLabel](repeating: 0, count: hidden)) }
        continue
      }
      for start in stride(from: 0, to: labels.count, by: hidden) {
        lists.append(Array(labels[start..<start + hidden]))
      }
    }
    let joint = try together(call, lists)
    if call.node.attributes["activations"] != nil || call.node.attributes["clip"] != nil {
      try call.stop(joint, "\(call.node.shown) has non-default activations or a clip")
    }
    // The state of a step is consumed by the next step.
    for (index, dimension) in places { try call.end(index, dimension) }
    var own = FlowValue([shape[0], weights[0], shape[1], hidden])
    own.factors = LabelFactor.list(joint, 3)
    var state = FlowValue([weights[0], shape[1], hidden])
    state.factors = LabelFactor.list(joint, 2)
    if call.labels.isChecking, let joint {
      let wanted = joint.map(call.labels.isKept)
      call.dense.node.attributes["hidden_size"] = .int(Int64(wanted.count { $0 }))
      for index in [5, 6] where call.optional(index) != nil {
        try call.select(index, 2, wanted)
      }
    }
    return [own, state, state]
  }

  private static func together(_ call: FlowCall, _ lists: [[ChannelLabel]?]) throws(FlowError)
    -> [ChannelLabel]?
  {
    var joint: [ChannelLabel]?
    for list in lists {
      guard let list else { continue }
      if let joint, !call.labels.isChecking {
        for (one, other) in zip(joint, list) where call.labels.find(one) == 0 || call.labels.find(other) == 0
        {
          call.fix([one, other], "\(call.node.shown) has gates, one of which is whole")
        }
      }
      if let joint, call.labels.isChecking, zip(joint, list).contains(where: { ($0 == 0) != ($1 == 0) }) {
        throw call.refusal("gates and states whose hidden channels are cut alike", "some of them whole")
      }
      joint = try call.joined(joint, list, "hidden channels")
    }
    return joint
  }
}
