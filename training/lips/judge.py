"""What a critic, which learns beside a network, adds to the loss of pixels."""

from typing import Any, Final

import torch

from training.lips.network import Critic

CRITIC_RATE: Final = 4e-4
CRITIC_WEIGHT: Final = 0.05
FEATURE_WEIGHT: Final = 0.3
PIXELS_THEN: Final = 0.6
"""Weight of the pixels' errors once the critic has a say."""


class Judge:
    """A critic and its optimiser."""

    def __init__(self) -> None:
        self.critic = Critic()
        self.slow = torch.optim.Adam(self.critic.parameters(), CRITIC_RATE, betas=(0.5, 0.99))

    def parts(self) -> dict[str, Any]:
        """What checkpoints keep."""
        return {"critic": self.critic, "slow": self.slow}

    def with_critic(
        self, pixels: torch.Tensor, made: torch.Tensor, wanted: torch.Tensor, given: torch.Tensor
    ) -> tuple[torch.Tensor, float]:
        """The loss of pixels with the critic's say, and the critic's own loss; it learns a step."""
        extra, judged = self._criticise(made, wanted, given)
        return PIXELS_THEN * pixels + extra, judged

    def _criticise(
        self, made: torch.Tensor, wanted: torch.Tensor, given: torch.Tensor
    ) -> tuple[torch.Tensor, float]:
        masks = given[:, 6:8] / 255
        fake, real = (torch.cat([x / 127.5 - 1, masks], 1) for x in (made, wanted))
        with torch.autocast("cpu", torch.bfloat16):
            seen, _ = self.critic(real)
            doubted, _ = self.critic(fake.detach())
            judged = torch.relu(1 - seen.float()).mean() + torch.relu(1 + doubted.float()).mean()
        self.slow.zero_grad()
        judged.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.slow.step()
        self.critic.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16):
            _, truth = self.critic(real)
            score, features = self.critic(fake)
        self.critic.requires_grad_(True)
        match = sum(
            (a.float() - b.float()).abs().mean() for a, b in zip(features, truth, strict=True)
        )
        return FEATURE_WEIGHT * match - CRITIC_WEIGHT * score.float().mean(), judged.item()  # type: ignore[return-value]
