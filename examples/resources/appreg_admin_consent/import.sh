# Id of the grant, as the API lists it.
terraform import appreg_admin_consent.graph l5eW7x0ga0-WDOntXzHateQDNpSH5-lPk9HjD3Sarjk
