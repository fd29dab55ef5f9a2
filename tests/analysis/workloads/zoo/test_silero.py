import io
import wave

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from analysis.workloads.zoo import silero
from analysis.workloads.zoo.columns import write_columns
from analysis.workloads.zoo.nets.silero import CONTEXT, WINDOW, SileroVad


def random_net():
    torch.manual_seed(0)
    net = SileroVad().eval()
    nn.init.normal_(net.basis, std=0.1)
    return net


def test_windows_in_one_go_are_windows_one_by_one():
    net, audio = random_net(), torch.randn(2, 4 * WINDOW) * 0.1
    state, context, expected = None, torch.zeros(2, CONTEXT), []
    with torch.no_grad():
        for start in range(0, audio.shape[1], WINDOW):
            window = torch.cat([context, audio[:, start : start + WINDOW]], 1)
            context = window[:, -CONTEXT:]
            x = F.pad(window.unsqueeze(1), (0, 64), mode="reflect")
            real, imaginary = F.conv1d(x, net.basis, stride=128).chunk(2, 1)
            x = (real**2 + imaginary**2).sqrt()
            for conv in (net.conv1, net.conv2, net.conv3, net.conv4):
                x = torch.relu(conv(x))
            out, state = net.lstm(x.transpose(1, 2), state)
            expected.append(net.final_conv(torch.relu(out).transpose(1, 2)).sigmoid()[:, 0])
        assert torch.allclose(net(audio), torch.cat(expected, 1), atol=1e-6)


def test_the_published_names_are_all_taken():
    theirs = {
        "stft.forward_basis_buffer": torch.zeros(1),
        **{
            f"encoder.{i}.reparam_conv.{k}": torch.zeros(1)
            for i in range(4)
            for k in ("weight", "bias")
        },
        **{
            f"decoder.rnn.{k}": torch.zeros(1)
            for k in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        },
        "decoder.decoder.2.weight": torch.zeros(1),
        "decoder.decoder.2.bias": torch.zeros(1),
    }
    taken = silero.plain_weights({f"_model.{name}": value for name, value in theirs.items()})
    assert set(taken) == set(SileroVad().state_dict())


def test_clips_are_at_16_khz_and_short_rests_are_left_out():
    whole = list(silero.clips_of(np.zeros(8000 * 3), 8000))
    assert [len(clip) for clip in whole] == [silero.CLIP] * 3
    assert len(list(silero.clips_of(np.zeros(100), 8000))) == 1
    assert len(list(silero.clips_of(np.zeros(8000 * 60), 8000))) == silero.MOST_CLIPS


def test_a_wave_file_is_read():
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.array([0, 16384], "<i2").tobytes())
    samples, rate = silero._wave(content.getvalue())
    assert samples.tolist() == [0, 0.5] and rate == 8000


def test_clips_of_one_recording_stay_together():
    files = [(n % 2, [np.full(4, n, np.int16)] * 3) for n in range(20)]
    parts = silero.split_files(files)
    seen = [set(columns["audio"][:, 0].tolist()) for columns in parts.values()]
    assert sum(map(len, seen)) == 20 and len(set.union(*seen)) == 20


def test_a_workload_comes_from_the_folder(tmp_path):
    net = random_net()
    save_file(net.state_dict(), tmp_path / silero.WEIGHTS)
    columns = {"audio": np.zeros((2, silero.CLIP), np.int16), "speech": np.array([0, 1])}
    write_columns(tmp_path, dict.fromkeys(("calibration", "sweep", "evaluation"), columns))
    workload = silero.load(tmp_path)
    (audio, speech), *_ = workload.evaluation
    assert speech is not None and speech.tolist() == [0, 1]
    assert workload.output is not None
    assert workload.output(workload.model(audio)).shape == (2,)
