public import UnitModel

/// What someone asks of the planner.
public struct PlanRequest: Sendable {
  /// k, the number of units.
  public var unitCount: Int
  /// The tasks, by name.
  public var tasks: [TaskID]
  /// The levels of every task; nil for one level per unit.
  public var levels: [PlanLevel]?
  /// The rule that makes the tasks' orders.
  public var rule: AssignmentRule
  /// Cuts by hand; they count before those of a preset.
  public var cuts: [CutOption]
  /// What is known about axes; it counts before what a preset knows.
  public var axes: [AxisOption]
  /// The architecture; nil to look for a known one when there are no cuts by hand.
  public var preset: Preset?
  /// The number of attention heads, which shapes do not tell.
  public var heads: Int?

  /// A request.
  public init(
    unitCount: Int, tasks: [TaskID] = [], levels: [PlanLevel]? = nil, rule: AssignmentRule = .nearest,
    cuts: [CutOption] = [], axes: [AxisOption] = [], preset: Preset? = nil, heads: Int? = nil
  ) {
    self.unitCount = unitCount
    self.tasks = tasks
    self.levels = levels
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
  /// timm's vision transformers: `blocks.{}.attn.qkv.weight`.
  case vit
  /// torch.nn.TransformerEncoder: `layers.{}.self_attn.in_proj_weight`.
  case torchEncoder = "torch-encoder"
  /// Residual networks with torchvision's names: `layer1.0.conv1.weight`.
  case resnet
}

/// A plan that holds for the tensors it was made for, and what to tell its reader.
public struct ProposedPlan: Sendable {
  /// The plan, with every order and level spelled out.
  public let plan: Plan
  /// The plan applied to the tensors.
  public let resolved: ResolvedPlan
  /// Sentences: what was cut, what was left whole and why.
  public let words: [String]
}
