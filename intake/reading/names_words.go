package reading

// notNames are words that begin with a capital in mails and are no names of
// people: pronouns, the words of letters and forms, the services, the places.
var notNames = wordSet(`
i im i'm i've i'd ive id a an the this that these those there here he she they it we you him her his hers their theirs them our ours my mine your yours its us me
he's she's it's they're we're you're he'd she'd they'd i'll he'll she'll hes shes theyre
is are was were be been being am has have had having do does did done will would shall should can could may might must isn't doesn't hasn't
and or but nor so if as at by for from in into of off on onto out over to up with without who whom whose which what when where why how because since while until after before about
not no yes none nil never also just only very too both each all any some one two three four five six seven eight nine ten eleven twelve
first second last next new old other another same more most much many
please thank thanks dear hello hi hiya hey morning afternoon evening good kind regards best wishes yours sincerely faithfully truly cheers sent get subject re fw fwd cc to from date ref reference
monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november december christmas easter today tomorrow yesterday tonight
born aged age dob d.o.b nhs no number name full surname forename address postcode telephone tel phone mobile mob email e-mail gp
mum mam mom dad mother father parent parents carer carers brother sister son daughter grandson granddaughter nan gran grandad grandma grandmother grandfather nephew niece cousin husband wife partner friend neighbour neighbor boy girl lad child children kid kids family twins twin siblings young person people man woman lady gentleman client patient pupil student resident user
mummy daddy mums dads stepdad stepmum stepfather stepmother stepson stepdaughter uncle aunt auntie foster guardian
doctor nurse teacher police officer social worker workers support manager headteacher psychiatrist psychologist therapist keyworker senco school schools college academy university primary secondary nursery sixth form hospital ward unit clinic surgery practice centre center health care home house homes council county trust team teams service services department board panel register registers referral referrals referrer form forms group ltd limited llp cic charity society association office desk
dsr camhs cmht send ehcp ehc pip dla adhd asd asc ld pda ocd ptsd semh mca mha cetr ctr rag red amber green blue tier section lac cin cp cpn nhse icb set ecc cwd mash lado hr it uk gb a&e ae
autism autistic asperger asperger's aspergers downs down's syndrome epilepsy disability disabilities learning mental diagnosis diagnosed severe moderate mild profound
dynamic essex southend thurrock england english british britain kent suffolk norfolk london hertfordshire cambridgeshire wales scotland ireland
chelmsford colchester basildon harlow braintree brentwood maldon witham clacton harwich epping rochford rayleigh canvey tilbury grays wickford billericay halstead saffron walden tendring uttlesford castle rochford loughton waltham jaywick frinton walton burnham brightlingsea ipswich romford
consent capacity safeguarding urgent urgently emergency crisis confidential official sensitive official-sensitive secure private important update attached attachment attachments enclosed request question help information details situation reason reasons concern concerns risk risks history background summary section part page note notes
male female gender ethnicity white asian black mixed language polish urdu christian muslim hindu sikh jewish catholic
lives living lived live moved attends currently recently previously however although since during said says told tell asked
self himself herself myself themselves self-referral someone somebody anyone everybody everyone nobody nothing something
sir madam colleague colleagues sirs whom concern all both again still then now well ok okay
outlook android iphone ipad samsung galaxy mail sent
street road lane avenue close drive court way gardens place terrace crescent mews row grove hill view park flat room green square walk chase rise
admin secretaries secretary reception enquiries noreply no-reply postmaster mailer-daemon mailer daemon microsoft system scanner scan document documents
makaton bsl
mulțumesc multumesc bună ziua dziękuję merci gracias obrigado obrigada
referring referral referrals duty on-call call line leader lead team teams service services senior registered community consultant clinical assistant deputy principal acting interim locum charge nurse anonymous
dzień dobry witam szanowni annwyl dîm diolch prośba pani pan proszę mae mae'n rwy'n rydym
ring call text email tried tired
`)

// firstNames and familyNames are the words among these that are names of people
// all the same, in first place or after a first name.
var (
	firstNames  = wordSet("april may june will august jan summer dean grant")
	familyNames = wordSet("green white black blue young hill lane park grove court close chase walk best kent castle walton church street day house home field fields west north south east may april march king amber rose gray court may will rowe nurse carter english french welsh friend child mann self wales burnham rochford tilbury halstead harwich walden drive law")
)
