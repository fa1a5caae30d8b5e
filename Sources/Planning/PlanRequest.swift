public import UnitModel

/// A request for a plan: units, tasks, levels, and cuts by hand or by preset.
public struct PlanRequest: Sendable {
  /// k, the number of units.
  public var unitCount: Int
  /// The tasks, by name. If empty, the outputs of a graph with several outputs are the tasks; otherwise there is one
  /// task `all`.
  public var tasks: [TaskID]
  /// The levels of every task; if nil, there is one level for each unit.
  public var levels: [PlanLevel]?
  /// The names of the levels; empty if they have none.
  public var levelNames: [String]
  /// The rule that makes the tasks' orders.
  public var rule: AssignmentRule
  /// Cuts by hand; they come before those of a preset.
  public var cuts: [CutOption]
  /// The properties of axes; they override those of a preset.
  public var axes: [AxisOption]
  /// The architecture; if nil and without cuts by hand, a known one is searched for.
  public var preset: Preset?
  /// The number of attention heads, which shapes do not show.
  public var heads: Int?

  /// A request; only the number of units is required.
  public init(
    unitCount: Int, tasks: [TaskID] = [], levels: [PlanLevel]? = nil, levelNames: [String] = [],
    rule: AssignmentRule = .nearest, cuts: [CutOption] = [], axes: [AxisOption] = [], preset: Preset? = nil,
    heads: Int? = nil
  ) {
    self.unitCount = unitCount
    self.tasks = tasks
    self.levels = levels
    self.levelNames = levelNames
    self.rule = rule
    self.cuts = cuts
    self.axes = axes
    self.preset = preset
    self.heads = heads
  }
}

/// An architecture whose tensor names the planner knows.
public enum Preset: String, Hashable, Sendable, CaseIterable {
  /// Any of the transformers below.
  case transformer
  /// BERT, MiniLM, RoBERTa: `encoder.layer.{}.attention.self.query.weight`.
  case bert
  /// DistilBERT: `transformer.layer.{}.attention.q_lin.weight`.
  case distilbert
  /// GPT-2: `h.{}.attn.c_attn.weight`.
  case gpt2
  /// Llama, Mistral, Qwen, Gemma: `layers.{}.self_attn.q_proj.weight`.
  case llama
  /// Mixtral: `layers.{}.block_sparse_moe.experts.{}.w1.weight`.
  case mixtral
  /// Qwen-MoE, OLMoE, DeepSeek-MoE: `layers.{}.mlp.experts.{}.gate_proj.weight`.
  case qwenMoE = "qwen-moe"
  /// timm's vision transformers: `blocks.{}.attn.qkv.weight`.
  case vit
  /// Vision transformers of Hugging Face: `encoder.layer.{}.attention.attention.query.weight`.
  case vitHuggingFace = "vit-hf"
  /// Vision transformers of torchvision: `encoder.layers.encoder_layer_{}.self_attention.in_proj_weight`.
  case vitTorchvision = "vit-torchvision"
  /// torch.nn.TransformerEncoder: `layers.{}.self_attn.in_proj_weight`.
  case torchEncoder = "torch-encoder"
  /// Residual networks with torchvision's names: `layer1.0.conv1.weight`.
  case resnet
}

/// A plan that was checked with the tensors for which it was made, and sentences for the user.
public struct ProposedPlan: Sendable {
  /// The plan, with every order and level filled in.
  public let plan: Plan
  /// The plan applied to the tensors.
  public let resolved: ResolvedPlan
  /// Sentences about what was cut, what was left whole, and why.
  public let words: [String]
}

extension PlanRequest {
  /// Plan tasks with these names and the requested levels.
  func planTasks(_ names: [TaskID]) -> [PlanTask] {
    names.map { PlanTask(task: $0, levels: levels, levelNames: levelNames) }
  }
}
