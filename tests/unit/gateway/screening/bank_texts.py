"""What customers and banks write: names, references, addresses, opinions. None of it is an attack."""

TEXTS = """\
Rent March 2026
INV-2026/00417 & INV-2026/00418
O'Keefe & Sons; more to come
M&S; thank you
Smith & Wesson; find attached
D'Angelo's Pizza, table for 4 (incl. tip)
"Le Petit Prince" - second edition
Johnson's or Mary's, either is fine
Partners' and friends in Leeds
Credit Union Select savings
Western Union transfer, all selected
Please select from the list below
Insert into the second slot, please
Update your address where it has changed
Drop the table off on Monday
Delete from my account: nothing
Gas & electric 01/11-30/11
50% deposit, 50% on delivery
1 = one, 2 = two
a > b, b < c
10 or 20, or 30?
Order by 5 pm
Group by Friday
ref #4711 -- urgent
(ref 12) -- thanks
Flat 7; Acacia Lodge
Château d'Yquem 2001 (x2)
Straße 12, 80331 München
Åsa Öberg, Malmö
Nuñez y Compañía, S.L.
株式会社リングフェンス 請求書 12
счёт № 15 от 03.02.2026
פעולה 17
مرحبا، إيجار شهر مارس
cat food and dog food
The cat; the dog; the mouse
Pay; call me on 020 7946 0958
A/C 12345678, sort code 12-34-56
GB33BUKB20201555555555
https://shop.example/orders/42?ref=abc
See www.example.com for details
mail me at jane.doe+bank@example.org
C/O J. Doe, 1st floor
w/o notice, b/w 9 and 5
re: your letter of 3/4
P.O. Box 99
and so on... / etc.
...
Mr. & Mrs. Null
Null, Christopher
Robert "Bobby" Tables
Script for the school play
Image rights, April
Exec. bonus (net)
System (new)
Alert (see above)
please confirm (by e-mail)
Sleep well! (hotel, 2 nights)
$100 (about 92 EUR)
$(50.00)
US$ 1,000.00; EUR 920.00
Fee: {see contract}
[draft] consulting
<3 love you
:-) ;-) <>
100 * 3 = 300
Q1+Q2+Q3+Q4
Müller/Meier/Schulze
Type: A; Colour: #ff0000
Windows and doors, 2 pcs
Var. costs, let: flat 3
Document: cookie recipe
Top of the class
Node 7, process fee
Class module 3, semester 2
Java course, Python course, PHP course
ping pong club, annual fee
home/garden tools
/s/ Jane Doe
24/7 support
2026-11-25 09:30
Line one
Tel: 00 44 20 7946 0958
5 > 3, and 7 < 9
50/50; either or
like 'new'
it's 5 o'clock
Rock 'n' Roll, '80s
Toys "R" Us
Where is it? What is it?
Id 12345
id
Echo Park; Reboot Coffee
Salary 11/2026 incl. bonus
Union of Concerned Scientists - select donors
Case when closed: call
if paid late then 2 % extra
Having said that, 10 is enough
In case: when you arrive, then call
Function room (Saturday)
Return true copy
Base64 Ltd
Curl & Wave Salon
Wget?
Bash Street Kids
Sh. Mohammed bin R.
Set menu x 4
Env. levy
Kill Bill vol. 2
Tee times; head pro; tail end
""".splitlines()
