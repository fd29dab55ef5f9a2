"""Silero VAD at 16 kHz as a plain module: spectrum, four convolutions, an LSTM."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WINDOW, CONTEXT, REFLECTED = 512, 64, 64
"""Samples a window brings, samples seen of the window before, samples mirrored at its end."""

TAPS, BINS = 256, 129


class SileroVad(nn.Module):
    """Speech probability of each 32 ms window of a clip.

    The published network takes one window at a time and hands its state on; here the windows of a
    clip go through the convolutions together and through the LSTM in order, which is the same.

    Attributes:
        basis: cosines and sines of the Fourier transform under a window; fixed, not a weight.
    """

    basis: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("basis", torch.zeros(2 * BINS, 1, TAPS))
        self.conv1 = nn.Conv1d(BINS, 128, 3, padding=1)
        self.conv2 = nn.Conv1d(128, 64, 3, stride=2, padding=1)
        self.conv3 = nn.Conv1d(64, 64, 3, stride=2, padding=1)
        self.conv4 = nn.Conv1d(64, 128, 3, padding=1)
        self.lstm = nn.LSTM(128, 128, batch_first=True)
        self.final_conv = nn.Conv1d(128, 1, 1)

    def forward(self, audio: Tensor) -> Tensor:
        """Audio in [-1, 1], (clips, windows * 512), to probabilities, (clips, windows)."""
        windows = F.pad(audio, (CONTEXT, 0)).unfold(1, WINDOW + CONTEXT, WINDOW)
        clips, count, length = windows.shape
        x = F.pad(windows.reshape(clips * count, 1, length), (0, REFLECTED), mode="reflect")
        real, imaginary = F.conv1d(x, self.basis, stride=TAPS // 2).chunk(2, dim=1)
        x = (real.square() + imaginary.square()).sqrt()
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = torch.relu(conv(x))
        states, _ = self.lstm(x.reshape(clips, count, -1))
        x = torch.relu(states).transpose(1, 2)
        found: Tensor = self.final_conv(x).squeeze(1).sigmoid()
        return found
