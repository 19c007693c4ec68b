"""Campaign files: YAML to a checked specification to one flow."""

from perolyte.campaigns.campaign import Campaign
from perolyte.campaigns.loading import load_campaign
from perolyte.campaigns.spec import CampaignSpec

__all__ = ["Campaign", "CampaignSpec", "load_campaign"]
