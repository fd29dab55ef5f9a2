import torch
from torch.nn import functional as F

from analysis.workloads.decoder.net import Attention, Decoder, RmsNorm, rotary
from tests.decoders import TINY


def test_later_tokens_change_nothing_before_them():
    torch.manual_seed(0)
    net = Decoder(TINY).eval()
    first, other = torch.tensor([[1, 2, 3, 4]]), torch.tensor([[1, 2, 3, 9]])
    assert torch.allclose(net(first)[:, :3], net(other)[:, :3], atol=1e-6)
    assert not torch.allclose(net(first)[:, 3], net(other)[:, 3], atol=1e-3)


def test_the_norm_is_torchs():
    x = torch.randn(2, 16)
    norm = RmsNorm(16, 1e-5)
    torch.nn.init.normal_(norm.weight)
    assert torch.allclose(norm(x), F.rms_norm(x, (16,), norm.weight, 1e-5), atol=1e-6)


def test_attention_depends_on_distances_alone():
    """Rotary positions: the score of two tokens is the same wherever both stand."""
    cos, sin = rotary(TINY, 8)
    query, key = torch.randn(TINY.head_width), torch.randn(TINY.head_width)

    def turned(x, place):
        left, right = x.chunk(2)
        return x * cos[place] + torch.cat([-right, left]) * sin[place]

    near = turned(query, 3) @ turned(key, 1)
    far = turned(query, 7) @ turned(key, 5)
    assert torch.allclose(near, far, atol=1e-5)


def test_shared_keys_are_as_repeated_keys():
    torch.manual_seed(0)
    shared = Attention(TINY)
    x = torch.randn(1, 5, TINY.width)
    cos, sin = rotary(TINY, 5)
    width, repeat = TINY.head_width, TINY.heads // TINY.key_heads
    split = lambda y: y.unflatten(-1, (-1, width)).transpose(1, 2)  # noqa: E731
    turn = lambda y: y * cos + torch.cat([-y[..., width // 2 :], y[..., : width // 2]], -1) * sin  # noqa: E731
    query, key = turn(split(shared.q_proj(x))), turn(split(shared.k_proj(x)))
    value = split(shared.v_proj(x))
    scores = query @ key.repeat_interleave(repeat, 1).transpose(-1, -2) / width**0.5
    mask = torch.ones(5, 5, dtype=torch.bool).tril()
    weights = scores.masked_fill(~mask, -torch.inf).softmax(-1)
    mixed = (weights @ value.repeat_interleave(repeat, 1)).transpose(1, 2).flatten(2)
    assert torch.allclose(shared(x, cos, sin), shared.o_proj(mixed), atol=1e-5)
