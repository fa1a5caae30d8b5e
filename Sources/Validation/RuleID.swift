/// The stable names of the rules, in the order in which they are checked; `Rules/` has one file for each.
package enum RuleID: String, Sendable, CaseIterable {
  // The container.
  case identity = "identity"
  case structure = "structure"
  case links = "links"
  case placement = "placement"
  case metadataChecksum = "metadata-checksum"
  // The index.
  case indexChecksum = "index-checksum"
  case index = "index"
  case names = "names"
  case shapes = "dtype-and-shape"
  case units = "units"
  case sectionRange = "section-range"
  case ties = "ties"
  case dataset = "dataset"
  case unlistedDataset = "unlisted-dataset"
  case modelDigest = "model-digest"
  // The plan, and what the checkpoint keeps of the flat files.
  case plan = "plan"
  case levels = "levels"
  case nesting = "nesting"
  case scopes = "scopes"
  case halfCut = "half-cut"
  case sourceHeader = "source-header"
  case storedGraph = "stored-graph"
  // Flat files.
  case format = "format"
  case shards = "shards"
  case tiles = "tiles"
  case pickleGlobals = "pickle-globals"
  case modelCode = "model-code"
  case unexamined = "unexamined"
  case strides = "strides"
  case graph = "graph"
  // A folder with a model.
  case configuration = "configuration"
  case tokenizer = "tokenizer"
  case parts = "parts"
  // The tensors' bytes.
  case memberChecksum = "member-checksum"
  case pageChecksum = "page-checksum"
  case owners = "owners"
  case digest = "digest"
  case nonFinite = "non-finite"
  // The project's documents: tessera.toml, tessera.lock, and the signature of a model.
  case project = "project"
  case lock = "lock"
  case signature = "signature"

  /// The rule of this id. An id without a rule does not compile, because of the switch.
  var rule: any ValidationRule.Type {
    switch self {
    case .identity: IdentityRule.self
    case .structure: StructureRule.self
    case .links: LinksRule.self
    case .placement: PlacementRule.self
    case .metadataChecksum: MetadataChecksumRule.self
    case .indexChecksum: IndexChecksumRule.self
    case .index: IndexRule.self
    case .names: NamesRule.self
    case .shapes: ShapesRule.self
    case .units: UnitsRule.self
    case .sectionRange: SectionRangeRule.self
    case .ties: TiesRule.self
    case .dataset: DatasetRule.self
    case .unlistedDataset: UnlistedDatasetRule.self
    case .modelDigest: ModelDigestRule.self
    case .plan: PlanRule.self
    case .levels: LevelsRule.self
    case .nesting: NestingRule.self
    case .scopes: ScopesRule.self
    case .halfCut: HalfCutRule.self
    case .sourceHeader: SourceHeaderRule.self
    case .storedGraph: StoredGraphRule.self
    case .format: FormatRule.self
    case .shards: ShardsRule.self
    case .tiles: TilesRule.self
    case .pickleGlobals: PickleGlobalsRule.self
    case .modelCode: ModelCodeRule.self
    case .unexamined: UnexaminedRule.self
    case .strides: StridesRule.self
    case .graph: GraphRule.self
    case .configuration: ConfigurationRule.self
    case .tokenizer: TokenizerRule.self
    case .parts: PartsRule.self
    case .memberChecksum: MemberChecksumRule.self
    case .pageChecksum: PageChecksumRule.self
    case .owners: OwnersRule.self
    case .digest: DigestRule.self
    case .nonFinite: NonFiniteRule.self
    case .project: ProjectRule.self
    case .lock: LockRule.self
    case .signature: SignatureRule.self
    }
  }

  /// The place in the order of checking.
  var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  /// The condition that a file must meet, in one sentence.
  package var summary: String { rule.summary }

  /// Advice on a finding of the rule for the user, in one or two sentences.
  package var advice: String { rule.advice }

  /// The kinds of file to which the rule applies.
  package var subjects: RuleSubjects { rule.subjects }

  /// Whether the rule is about a document of a project, so that it applies only if there is one.
  package var isOfProject: Bool { rule.isOfProject }

  /// Whether the rule reads the tensors' bytes, which only `--deep` does.
  package var isDeep: Bool { rule.isDeep }
}
