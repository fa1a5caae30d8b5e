internal import StrictJSON
internal import Tensors
internal import UnitModel

/// The tensor names of one kind of model, and how its tensors lie on channel axes.
///
/// `schemas/architecture.schema.json` defines the documents; `Architectures/` holds those that come with the program.
/// Only the inner channels of attention and feed-forward layers are cut. The residual stream stays whole, because
/// norms mix its channels in another way than by a weighted sum.
struct Architecture: Sendable {
  static let format = "tessera.architecture/1"

  /// The name of the preset.
  let id: String
  /// The models that have these names.
  let title: String
  /// The values of `model_type` in config.json.
  let modelTypes: [String]
  /// A tensor that distinguishes this architecture from all that are tried after it.
  let marker: String
  /// A sentence for the reader of a plan.
  let remark: String?
  /// The stacks of layers: one, or an encoder and a decoder.
  let layers: [Layers]
  /// Tensors with a row for each token, position or other number of config.json.
  let embeddings: [Rows]
  /// Other tensors whose dimension 0 is a number of config.json.
  let rows: [Rows]
  /// The ends of names of tensors that every model has.
  let required: [String]
  /// The tensors outside the layers that every model of a type has.
  let outside: [TypeTensors]
  /// The tensors outside the layers that a class has for its task.
  let classes: [ClassTensors]
  /// The numbers that loaders take for keys that config.json lacks, by model type. A number that they compute from others
  /// is not among them.
  let defaults: [String: [String: Int]]
  /// Other names that loaders accept for keys: `num_hidden_layers` for `n_layer`.
  let aliases: [(alias: String, key: String)]
  /// The model types whose padding id must have a row in the embedding.
  let paddingTypes: [String]
  let groups: [Group]

  /// A stack of layers with the same names.
  struct Layers: Sendable {
    /// The beginning of the names of a layer's tensors, with `{}` for the number of the layer.
    let pattern: String
    /// The key with the number of layers; nil for models without a config.json.
    let countKey: String?
    /// The end of the name of a tensor that only further layers have, which predict several tokens and which the number
    /// leaves out.
    let extraTensor: String?
    /// The object in config.json that has the keys; nil for the document itself, or its text_config.
    let object: String?
    /// The keys whose lists have an entry for each layer.
    let lists: [String]
    /// The ends of names of tensors that some layers lack.
    let optional: [String]
    /// The tensors of a layer, in each of the forms that it may have. Those that a flag can take away are left out.
    let kinds: [TypeTensors]
    /// The tensors of a layer that one flag of config.json decides about.
    let flags: [Flag]
    /// Which layers have experts; nil if config.json does not say it.
    let sparse: SparseLayers?
    /// The keys whose lists have numbers of layers.
    let numberLists: [String]
    /// The keys with a number of layers at the start of the stack.
    let firstKeys: [String]
    /// The key that counts the last layers, which use the keys and values of an earlier layer of their type.
    let sharedKey: String?
    /// Keys that make a layer depend on its number, each with the value that does not: `decoder_sparse_step` 1.
    let fixed: [(key: String, value: Int)]
    /// The model types whose loaders compute a missing list from the numbers of layers.
    let needsLists: [String]
    /// Flags that are harmless only if config.json has `lists`: what a layer does then does not depend on its number.
    let listFlags: [String]
    /// Whether layer 0 is unlike the others, so that no other can take its place.
    let keepsFirst: Bool
    /// The tensors with positions of every layer, as in a group; `?` is the number for each layer.
    let tensors: [(suffix: String, dimensions: String)]

    /// The pattern of all tensors of the layers.
    var numbered: String { pattern + "*" }
  }

  /// Tensors that all models of some types have: those of one form of a layer, or those outside the layers.
  struct TypeTensors: Sendable {
    /// The model types.
    let types: [String]
    /// The ends of the tensors' names, of a layer's those after its number; an expert's number is `{}`.
    let tensors: Set<String>
  }

  /// Tensors that layers have if, and only if, a flag of config.json has one of its values.
  struct Flag: Sendable {
    /// The model types with this flag.
    let types: [String]
    let key: String
    /// The value with which layers have the tensors.
    let value: Bool
    /// The value that loaders take if config.json lacks the key.
    let defaultValue: Bool
    /// The ends of the tensors' names after the number of the layer.
    let tensors: [String]
  }

  /// The weights outside the layers that a class has for its task.
  struct ClassTensors: Sendable {
    /// The entries of `architectures` in config.json.
    let classes: [String]
    /// The ends of the tensors' names.
    let tensors: [String]
    /// The ends of the names of further tensors if `tie_word_embeddings` is false.
    let untied: [String]
  }

  /// The keys that say which layers have experts.
  struct SparseLayers: Sendable {
    /// The start of the names that only such layers have, after the number of the layer.
    let tensor: String
    /// The key with the number of layers without experts at the start of the stack.
    let firstDenseKey: String?
    /// The key whose list has the numbers of layers without experts.
    let denseListKey: String?
    /// The key with a number n: layers n - 1, 2n - 1, … have experts.
    let stepKey: String?
  }

  /// Tensors whose dimension 0 is a sum of products of numbers in config.json.
  struct Rows: Sendable {
    /// The end of the tensors' names.
    let suffix: String
    /// The factors of each product: keys such as `vocab_size` or `text_config.vocab_size`. A factor is the first of its
    /// keys that config.json has.
    let terms: [[[String]]]
  }

  /// Tensors that are cut together: the feed-forward layers, the attention layers, …
  struct Group: Sendable {
    /// The group's name in `--cut ffn,heads`.
    let name: String
    /// The axis, with `{}` for the number of the layer.
    let axis: String
    /// The object in config.json that has the keys; nil for the document itself, or its text_config.
    let object: String?
    /// The key in config.json with the number of channels.
    let widthKey: String?
    /// The key with a number by which the width is multiplied, such as that of shared experts.
    let timesKey: String?
    /// For attention: how channels form heads.
    let heads: Heads?
    /// For layers of experts: the names of an expert's own tensors, and the keys about experts. Such a group is cut only
    /// if the user names it.
    let experts: Experts?
    /// For the group of whole layers: their stack. This group is cut only if the user names it, too.
    let layers: Layers?
    /// The model types with a list of widths, one for each layer.
    let listTypes: [String]
    /// The ends of tensor names, and the dimensions of each tensor in the notation of `--cut`. For heads, the axis
    /// counts key heads: `?` is the number of positions for each in the tensor, Q and K are the numbers in queries and
    /// in keys.
    let tensors: [(suffix: String, dimensions: String)]
    /// The tensors that read channels; if empty, the last one with several dimensions reads them. The others make them.
    let readers: [String]
    /// The tensors that neither make nor read channels, such as a bias of positions.
    let neutral: [String]

    /// The names of tensors that are one channel of the axis, with a `*` at the end. The last `{}` is its number.
    var numbered: [String] { experts?.numbered ?? layers.map { [$0.numbered] } ?? [] }
    /// Whether the group is cut only if the user names it.
    var isOnRequest: Bool { experts != nil || layers != nil }
  }

  /// The experts of a layer: each is one channel of the group's axis.
  struct Experts: Sendable {
    /// The keys with the number of experts; a document has one or more of them.
    let countKeys: [String]
    /// The key with the number of experts for a token.
    let perTokenKey: String
    /// The key with the number of groups, from which a router chooses first.
    let groupCountKey: String?
    /// The key with the number of groups for a token.
    let groupsPerTokenKey: String?
    /// The model types whose routers have groups.
    let needsGroups: [String]
    /// The names of the tensors of one expert, with a `*` at the end. The last `{}` is the number of the expert. Empty if
    /// the experts of a layer are stacked in one tensor.
    let numbered: [String]
  }

  /// How the channels of attention layers form heads, and where config.json says so.
  struct Heads: Sendable {
    /// The key with the number of query heads.
    let countKey: String?
    /// The key with the number of key heads; nil if each query head has its own.
    let keyCountKey: String?
    /// The key with the width of a head; nil if loaders compute it from the number of heads.
    let widthKey: String?
    /// The model types whose loaders require that the number of heads divides the hidden size.
    let dividesHidden: [String]
    /// The tensor whose first dimension has all key channels.
    let key: String?
    /// A norm that covers all heads in some models. Such attention stays whole: a norm over fewer heads has another
    /// mean.
    let norm: String?

    /// Whether a model with fewer heads of the same width can be loaded.
    var loads: Bool { widthKey != nil }
  }
}
